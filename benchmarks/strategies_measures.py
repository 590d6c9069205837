"""The measures of a search: hypervolume over samples seen, time to a goal, last candidates, best samples."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from valp.search.pareto.front import non_dominated
from valp.search.pareto.hypervolume import hypervolume

Scores = dict[str, float]
Rivals = Callable[[int], dict[str, Scores]]
"""The scores of the single-task MLPs by split, from the number of samples that they are given."""

OBJECTIVES = ("accuracy", "mse", "entropy_coverage")
ENTROPY, COVERAGE = 0.9, 0.2
"""The class entropy and coverage that good samples must have."""

ACCURATE = 0.85
LAST = 4
"""The last candidates of a search are the last 1 / LAST of them."""


@dataclass(frozen=True)
class Scale:
    """The values of an objective that count as 0 and as 1 in the hypervolume."""

    reference: float
    ideal: float


SCALES = {
    "fashion-mnist": dict(zip(OBJECTIVES, (Scale(0.1, 1.0), Scale(1.2e-3, 2e-4), Scale(0.0, 1.0)), strict=True)),
    "digits": dict(zip(OBJECTIVES, (Scale(0.1, 1.0), Scale(1.0, 0.004), Scale(0.0, 1.0)), strict=True)),
}
"""The scales by problem and objective.

References are the values without learning: the accuracy of a guess, the MSE of the mean, no samples. Ideals
are perfect accuracy, the samples of real images, and a little more than half the MSE of the best single-task MLP
(0.0067 on digits, 3.7e-4 on Fashion-MNIST, with the samples of 20 trainings of 2,000 steps).
"""


@dataclass(frozen=True)
class Goal:
    """A goal for candidates: better than both single-task MLPs, good samples, or both."""

    code: str
    title: str
    mlps: bool
    samples: bool

    def reached(self, scores: Scores, rivals: Scores) -> bool:
        """Whether scores reach the goal, compared with those of the MLPs."""
        beats = scores["accuracy"] > rivals["accuracy"] and scores["mse"] < rivals["mse"] if self.mlps else True
        return beats and (not self.samples or (scores["entropy"] >= ENTROPY and scores["coverage"] >= COVERAGE))


GOALS = (
    Goal("whole", f"beats both single-task MLPs, class entropy ≥ {ENTROPY}, coverage ≥ {COVERAGE}", True, True),
    Goal("mlps", "beats both single-task MLPs", True, False),
    Goal("samples", f"class entropy ≥ {ENTROPY}, coverage ≥ {COVERAGE}", False, True),
)


@dataclass(frozen=True)
class Ended:
    """A finished candidate.

    Attributes:
        number: its number in the search.
        state: its state in the ledger: `complete`, `failed`, or `pruned` if it was stopped early.
        samples: the samples that it has seen.
        seen: the samples that the search had seen when it finished.
        lineage: the samples that its weights have seen, including those of its ancestors.
        seconds: the seconds of training and scoring.
        wall: the wall seconds of the search when it finished.
        scores: the scores on the validation split.
        structure: the key of its graph without β.
        conditioned: whether its generated samples depend on an input.
        test: the scores on the test split, if they were requested and its weights were kept.
    """

    number: int
    state: str
    samples: int
    seen: int
    lineage: int
    seconds: float
    wall: float
    scores: Scores
    structure: str
    conditioned: bool
    test: Scores | None = None


@dataclass(frozen=True)
class Search:
    """The candidates of a search within the first `budget` samples, in the order in which they finished."""

    strategy: str
    seed: int
    budget: int
    ended: list[Ended]


def complete(ended: Sequence[Ended]) -> list[Ended]:
    """The candidates that were trained to the end."""
    return [one for one in ended if one.state == "complete"]


def gains(ended: Sequence[Ended], scales: dict[str, Scale]) -> NDArray[np.float64]:
    """The objectives of candidates, (n, 3), scaled so that 0 is the reference and 1 the ideal."""
    rows = [[(one.scores[n] - s.reference) / (s.ideal - s.reference) for n, s in scales.items()] for one in ended]
    return np.array(rows, dtype=float).reshape(len(rows), len(scales))


def growth(search: Search, scales: dict[str, Scale], grid: Sequence[int]) -> list[float]:
    """The hypervolume of a search after each number of samples in `grid`."""
    done = complete(search.ended)
    points, front, volumes = gains(done, scales), np.zeros((0, len(scales))), [0.0]
    for point in points:
        front = np.vstack([front, point])
        front = front[non_dominated(-front)]
        volumes.append(hypervolume(front))
    ends = [one.seen for one in done]
    return [volumes[np.searchsorted(ends, seen, side="right")] for seen in grid]


def quartiles(rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Lower quartile, median and upper quartile of each column, (3, columns)."""
    found: NDArray[np.float64] = np.quantile(np.asarray(rows, dtype=float), (0.25, 0.5, 0.75), axis=0)
    return found


def reaches(one: Ended, scores: Scores, goal: Goal, rivals: Rivals, split: str) -> bool:
    """Whether a candidate's scores on a split reach a goal. The MLPs get the samples of its whole lineage."""
    return goal.reached(scores, rivals(one.lineage)[split] if goal.mlps else {})


def reaching(ended: Sequence[Ended], goal: Goal, rivals: Rivals) -> Iterator[Ended]:
    """The candidates that reach a goal on the validation split."""
    return (one for one in complete(ended) if reaches(one, one.scores, goal, rivals, "validation"))


def first(ended: Sequence[Ended], goal: Goal, rivals: Rivals) -> Ended | None:
    """The first candidate that reaches a goal on the validation split; None if there is none."""
    return next(reaching(ended, goal, rivals), None)


def holds(goal: Goal, one: Ended, rivals: Rivals) -> bool | None:
    """Whether a candidate reaches a goal on the test split; None if it could not be scored."""
    return None if one.test is None else reaches(one, one.test, goal, rivals, "test")


def confirmed(ended: Sequence[Ended], goal: Goal, rivals: Rivals) -> Ended | None:
    """The first candidate that reaches a goal on both the validation and the test split; None if there is none."""
    return next((one for one in reaching(ended, goal, rivals) if holds(goal, one, rivals)), None)


def censored_median(times: Sequence[float | None]) -> float:
    """The median of times. None is a time beyond the observation, which counts as infinite. No times: infinite."""
    ordered = sorted(inf if time is None else time for time in times)
    if not ordered:
        return inf
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def last(ended: Sequence[Ended]) -> tuple[float, float] | None:
    """The share of good classifiers and of distinct structures in the last quarter of a search."""
    tail = ended[-(-len(ended) * (LAST - 1) // LAST) :] if len(ended) >= LAST else ended
    if not tail:
        return None
    accurate = sum(one.scores.get("accuracy", 0.0) > ACCURATE for one in tail)
    return accurate / len(tail), len({one.structure for one in tail}) / len(tail)


def front(ended: Sequence[Ended]) -> list[Ended]:
    """The non-dominated candidates."""
    done = complete(ended)
    signs = np.array([1.0 if name == "mse" else -1.0 for name in OBJECTIVES])
    points = np.array([[one.scores[name] for name in OBJECTIVES] for one in done]).reshape(len(done), len(signs))
    return [done[row] for row in non_dominated(points * signs)]


def widest(ended: Sequence[Ended]) -> Ended | None:
    """The candidate with the best coverage."""
    return max(complete(ended), key=lambda one: one.scores["coverage"], default=None)


def unconditioned(ended: Sequence[Ended]) -> list[Ended]:
    """The candidates whose samples depend on no input, so that they cannot be copies of it."""
    return [one for one in ended if not one.conditioned]


def notable(ended: Sequence[Ended], rivals: Rivals) -> set[int]:
    """The candidates, in addition to the front, whose test scores are reported."""
    reached = (one for goal in GOALS for one in reaching(ended, goal, rivals))
    found = (*reached, widest(front(ended)), widest(unconditioned(ended)))
    return {one.number for one in found if one is not None}
