"""The Pareto front, and its knee."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spaces.metrics import Metric

Points = NDArray[np.float64]
"""(candidates, objectives)."""


def losses(rows: Sequence[Sequence[float]], metrics: Sequence[Metric]) -> Points:
    """Scores as figures to be minimised: those to be maximised change their sign."""
    signs = np.array([-1.0 if metric.direction == "maximize" else 1.0 for metric in metrics])
    points: Points = np.asarray(rows, dtype=float).reshape(len(rows), len(metrics)) * signs
    return points


def non_dominated(points: Points) -> list[int]:
    """The rows, in order, that no other row dominates: none is as good in all and better in one. All minimised."""
    kept = []
    for i, point in enumerate(points):
        dominates = (points <= point).all(1) & (points < point).any(1)
        if not dominates.any():
            kept.append(i)
    return kept


def by_knee(points: Points) -> list[int]:
    """The rows by their distance from the ideal point, the nearest first. All minimised.

    Each objective is scaled to the range it has among the rows: 0 is the best value there, 1 the worst.
    """
    if len(points) == 0:
        return []
    low, high = points.min(0), points.max(0)
    scaled = (points - low) / np.where(high > low, high - low, 1.0)
    order: list[int] = np.argsort(np.sqrt((scaled**2).sum(1)), kind="stable").tolist()
    return order


class Front:
    """The front of points that arrive one by one. All minimised."""

    def __init__(self) -> None:
        self.members: dict[int, NDArray[np.float64]] = {}

    def add(self, number: int, point: NDArray[np.float64]) -> None:
        """Takes a point in, if no other dominates it; those that it dominates leave."""
        if any((other <= point).all() and (other < point).any() for other in self.members.values()):
            return
        for n in [n for n, other in self.members.items() if (point <= other).all() and (point < other).any()]:
            del self.members[n]
        self.members[number] = point
