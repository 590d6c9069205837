"""The goals of the benchmark: one candidate that is ahead of all single-task models at once, in every objective."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmarks.strategies_measures import Ended, Objectives, Search, complete
from benchmarks.strategies_rivals import Single, best_single
from valp.score.clear_difference import compared
from valp.search.engine.baseline_jobs import LEAST
from valp.spaces.baselines.baseline_codes import NETWORK, NETWORKS, TUNED
from valp.spaces.problem.metrics import Metric

Split = Literal["validation", "test"]
SPLITS: tuple[Split, Split] = ("validation", "test")


@dataclass(frozen=True)
class Goal:
    """A goal for candidates.

    Attributes:
        code, title: its name in files, and in prose.
        networks: whether the rivals are only the networks. If so, those that were trained longer are only rivals of
            candidates whose lineage has seen more than `LEAST` trainings.
        clearly: whether each difference must be more than chance.
    """

    code: str
    title: str
    networks: bool = False
    clearly: bool = False

    def rival(self, search: Search, one: Ended, metric: Metric) -> Single | None:
        """The best single-task model, by its validation score, that a candidate must be ahead of in an objective."""
        short = one.lineage <= LEAST * search.unit
        families = ((NETWORK, TUNED) if short else NETWORKS) if self.networks else None
        return best_single(search.singles, metric, families)


GOALS = (
    Goal("networks", "ahead of the tuned single-task networks with as many samples", networks=True),
    Goal("all", "ahead of the best of all single-task models"),
    Goal("clearly", "ahead of the best of all single-task models by more than chance", clearly=True),
)
"""Each goal includes the one before it."""


def ahead(goal: Goal, search: Search, one: Ended, objectives: Objectives, split: Split) -> bool | None:
    """Whether a candidate is ahead on a split in every objective; None if a score there is not known.

    It is not ahead in an objective that has no single-task model, or that it has no score of.
    """
    unknown = False
    for name, metric in objectives.items():
        rival, own = goal.rival(search, one, metric), getattr(one, split)
        theirs = None if rival is None else getattr(rival, split)
        if rival is None or (own is not None and name not in own.scores):
            return False
        if own is None or theirs is None or name not in theirs.scores:
            unknown = True
            continue
        a, b = own.scores[name], theirs.scores[name]
        if goal.clearly:
            wins = compared(metric.score, a, b, own.errors.get(name), theirs.errors.get(name)) == "better"
        else:
            wins = metric.score.better(a, b)
        if not wins:
            return False
    return None if unknown else True


def reaching(search: Search, goal: Goal, objectives: Objectives) -> Iterator[Ended]:
    """The candidates that reach a goal on the validation split, in order."""
    return (one for one in complete(search.ended) if ahead(goal, search, one, objectives, "validation"))


def first(search: Search, goal: Goal, objectives: Objectives) -> Ended | None:
    """The first candidate that reaches a goal on the validation split; None if there is none."""
    return next(reaching(search, goal, objectives), None)


def confirmed(search: Search, goal: Goal, objectives: Objectives) -> Ended | None:
    """The first candidate that reaches a goal on both the validation and the test split; None if there is none."""
    return next(
        (one for one in reaching(search, goal, objectives) if ahead(goal, search, one, objectives, "test")), None
    )
