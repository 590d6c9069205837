"""The Pareto front, and its knee."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from valp.score.clear_difference import NORMAL
from valp.spaces.problem.metrics import Metric

Points = NDArray[np.float64]
"""(candidates, objectives), all minimised."""


def losses(rows: Sequence[Sequence[float]], metrics: Sequence[Metric]) -> Points:
    """Scores as numbers to be minimised, computed by `valp.score.score.Score.loss`."""
    figures = [[metric.score.loss(value) for metric, value in zip(metrics, row, strict=True)] for row in rows]
    return np.asarray(figures, dtype=float).reshape(len(rows), len(metrics))


def ranked(scores: Mapping[str, float], objectives: Mapping[str, Metric]) -> list[float] | None:
    """The values by which a candidate is ranked, one per objective, in order.

    An absent score counts as the value without learning. The result is None if that value is not known.
    """
    values = [metric.ranked(scores.get(name)) for name, metric in objectives.items()]
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None


def non_dominated(points: Points) -> list[int]:
    """The rows that no other row dominates, in order. A row dominates another if it is ≤ in all and < in one."""
    kept = []
    for i, point in enumerate(points):
        dominates = (points <= point).all(1) & (points < point).any(1)
        if not dominates.any():
            kept.append(i)
    return kept


def chances(metrics: Sequence[Metric]) -> Points:
    """The values without learning as numbers to be minimised, (objectives,); NaN if not known."""
    known = [np.nan if metric.chance is None else metric.chance for metric in metrics]
    return losses([known], metrics).reshape(-1)


def least_differences(errors: Sequence[Mapping[str, float]], names: Sequence[str]) -> Points:
    """The smallest differences of objectives that are more than chance, (objectives,); 0 where no error is known.

    Args:
        errors: the standard errors of each row by objective.
        names: the objectives.
    """
    known = [[one[name] for one in errors if name in one] for name in names]
    return np.array([NORMAL * 2**0.5 * float(np.median(values)) if values else 0.0 for values in known])


def scaled(points: Points, worst: Points | None = None, least: Points | None = None) -> Points:
    """Scales each objective so that 0 is the best value among the rows and 1 is the value without learning.

    With this scale small differences count little: if all candidates on a front have small errors, the differences of
    the errors do not decide the order. If the value without learning is not known, or no row is better, 1 is the worst
    value among the rows.

    Args:
        points: (rows, objectives), all minimised, at least one row.
        worst: the values without learning, as of `chances`; by default not known.
        least: the smallest differences that count, as of `least_differences`. An objective in which the rows differ by
            no more is 0 for all of them: otherwise chance would decide where no row has learned anything.
    """
    low, high = points.min(0), points.max(0)
    equal = np.zeros(len(low), bool) if least is None else high - low <= least
    if worst is not None:
        high = np.where(worst > low, worst, high)  # False for NaN
    shares: Points = (points - low) / np.where(high > low, high - low, 1.0)
    return np.where(equal, 0.0, shares)


def by_knee(points: Points, worst: Points | None = None, least: Points | None = None) -> list[int]:
    """The rows sorted by their distance from the ideal point, nearest first, with the objectives scaled by `scaled`."""
    if len(points) == 0:
        return []
    order: list[int] = np.argsort(np.sqrt((scaled(points, worst, least) ** 2).sum(1)), kind="stable").tolist()
    return order


class Front:
    """The Pareto front of points that are added one by one, all minimised."""

    def __init__(self) -> None:
        self.members: dict[int, NDArray[np.float64]] = {}

    def add(self, number: int, point: NDArray[np.float64]) -> None:
        """Adds a point unless another dominates it, and removes those that it dominates."""
        if any((other <= point).all() and (other < point).any() for other in self.members.values()):
            return
        for n in [n for n, other in self.members.items() if (point <= other).all() and (point < other).any()]:
            del self.members[n]
        self.members[number] = point
