"""What came of a candidate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What came of a candidate.

    Attributes:
        scores: by name, on the validation split; empty if it failed.
        parameters: the number of learnt parameters.
        key: the graph's content key.
        samples_seen: the examples of its own training; `Entry.samples_seen_with_parents` adds those of its parents.
        seconds: of training, then of scoring.
        failure: why it failed; None if it did not.
        complete: whether its training was made to the end; if not, it was stopped at a rung.
    """

    scores: dict[str, float]
    parameters: int
    key: str
    samples_seen: int
    seconds: tuple[float, float]
    failure: str | None = None
    complete: bool = True
