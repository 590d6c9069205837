"""The result of a candidate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PARAMETERS = "parameters"
"""The name of the score that every result has."""


@dataclass(frozen=True)
class Result:
    """The result of a candidate.

    Attributes:
        scores: by name, on the validation split; what was not measured is absent. Empty if it failed.
        parameters: the number of learnt parameters.
        key: the graph's content key.
        samples_seen: the examples of its own training; `Entry.samples_seen_with_parents` adds those of its parents.
        seconds: of training, then of scoring.
        failure: why it failed; None if it did not.
        complete: whether it was trained to the end; if not, it was stopped at a rung.
    """

    scores: dict[str, float]
    parameters: int
    key: str
    samples_seen: int
    seconds: tuple[float, float]
    failure: str | None = None
    complete: bool = True

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Result":
        """The result from the fields of a JSON document.

        Runs of older versions do not have the parameters among the scores; they are added here.

        Raises:
            TypeError, KeyError, ValueError: if these are not the fields of a result.
        """
        scores = dict(fields["scores"])
        if scores:
            scores.setdefault(PARAMETERS, fields["parameters"])
        return cls(**{**fields, "scores": scores, "seconds": tuple(fields["seconds"])})
