"""The single-task models that a search's candidates are compared with: the baselines of the search."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from valp.search.run.result import Measured
from valp.spaces.baselines.baseline_codes import family
from valp.spaces.problem.metrics import Metric


@dataclass(frozen=True)
class Single:
    """A single-task model.

    Attributes:
        output: the output that it learns.
        code: its code among the baselines of the output.
        samples: the samples that it has seen.
        validation: its scores on the validation split, by which the best model is chosen.
        test: its scores on the test split, if they were measured.
    """

    output: str
    code: str
    samples: int
    validation: Measured
    test: Measured | None = None


def best_single(singles: Sequence[Single], metric: Metric, families: Collection[str] | None = None) -> Single | None:
    """The model of the metric's output with the best value on the validation split; None if there is none.

    Args:
        singles: the models.
        metric: the score.
        families: the baselines to choose from, as of `family`; all by default.
    """
    own = [
        one
        for one in singles
        if one.output == metric.output
        and metric.name in one.validation.scores
        and (families is None or family(one.code) in families)
    ]
    return min(own, key=lambda one: metric.score.loss(one.validation.scores[metric.name]), default=None)
