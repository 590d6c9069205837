"""The result of a candidate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARAMETERS = "parameters"
"""The name of the score that every result of a successful training has."""


@dataclass(frozen=True)
class Result:
    """The result of a candidate.

    Attributes:
        scores: the validation scores by name. A score that was not measured is absent. Empty if the candidate failed.
        parameters: the number of learnt parameters.
        key: the graph's content key.
        samples_seen: the samples of its own training. `Entry.samples_seen_with_parents` adds those of its ancestors.
        seconds: the seconds of training and of scoring.
        failure: why it failed; None if it did not fail.
        complete: whether it was trained to the end. If not, it was stopped at a rung.
        errors: the standard errors of the scores by name; see `valp.score.halves`. A score without one is absent, and
            so are those of a candidate that was stopped at a rung. Runs of older versions have none.
        log: the end of the log of a failure; empty if there is none.
    """

    scores: dict[str, float]
    parameters: int
    key: str
    samples_seen: int
    seconds: tuple[float, float]
    failure: str | None = None
    complete: bool = True
    errors: dict[str, float] = field(default_factory=dict)
    log: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Result":
        """A result from the fields of a JSON object.

        Runs of older versions do not have the parameters among the scores, so they are added here.

        Raises:
            TypeError, KeyError, ValueError: if these are not the fields of a result.
        """
        scores = dict(fields["scores"])
        seconds, errors = tuple(fields["seconds"]), dict(fields.get("errors", {}))
        numbers = (*scores.values(), *errors.values(), *seconds, fields["parameters"], fields["samples_seen"])
        if len(seconds) != 2 or not all(isinstance(value, int | float) for value in numbers):
            raise TypeError("scores, errors, seconds, parameters and samples must be numbers")
        texts = (fields["key"], fields.get("failure") or "", fields.get("log", ""))
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("key, failure and log must be texts")
        if scores:
            scores.setdefault(PARAMETERS, fields["parameters"])
        return cls(**{**fields, "scores": scores, "seconds": seconds})


@dataclass(frozen=True)
class Measured:
    """Scores on one split, and their standard errors.

    Attributes:
        scores: by name. A score that was not measured is absent.
        errors: by name. One that is not known is absent.
    """

    scores: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
