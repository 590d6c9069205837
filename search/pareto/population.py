"""Populations of candidates, ordered by non-dominated rank, then by crowding distance (NSGA-II, Deb et al. 2002)."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from valp.search.pareto.front import Points, scaled

Order = NDArray[np.int64]

LEAST_GAIN = 0.01
"""The least factor of an objective in a volume, so that a candidate without any gain in it still has a volume."""


def best(points: Points, count: int) -> tuple[list[int], list[int]]:
    """The best rows: lower ranks first, and within a rank less crowded rows first. All minimised.

    If rows are equal in all objectives, all but the first come after the other rows of their rank.

    Returns:
        At most `count` row numbers, the best first, and the rank of each from 0.
    """
    left = np.lexsort(points.T[::-1])
    found: list[int] = []
    ranks: list[int] = []
    rank = 0
    while len(found) < count and len(left):
        front, left = _split(points, left)
        front = front[np.argsort(-crowding(points[front]), kind="stable")][: count - len(found)]
        found += front.tolist()
        ranks += [rank] * len(front)
        rank += 1
    return found, ranks


class Population:
    """The best of the candidates that finish one by one. A candidate that drops out never returns.

    Attributes:
        members: the numbers of the candidates, the best first.
        points: (members, objectives), all minimised.
    """

    def __init__(self, size: int, objectives: int) -> None:
        self._size = size
        self.members: list[int] = []
        self.points: Points = np.zeros((0, objectives))

    def add(self, number: int, point: Points) -> None:
        """Adds a candidate, and removes the worst one if there are too many."""
        numbers, points = [*self.members, number], np.vstack([self.points, point])
        rows = best(points, self._size)[0]
        self.members, self.points = [numbers[row] for row in rows], points[rows]


def volumes(points: Points, worst: Points) -> NDArray[np.float64]:
    """The hypervolume of each row alone, as a share of that of the best values. It is large if a row is good in all.

    Args:
        points: (rows, objectives), all minimised.
        worst: the values without learning, as of `valp.search.pareto.front.chances`. Rows at these values get almost 0.
    """
    if len(points) == 0:
        return np.zeros(0)
    spanned: NDArray[np.float64] = np.maximum(1 - scaled(points, worst), LEAST_GAIN).prod(1)
    return spanned


def places(points: Points) -> NDArray[np.float64]:
    """The sum of each row's ranks in the objectives. The best value has rank 1, and equal values have the same rank."""
    if len(points) == 0:
        return np.zeros(0)
    summed: NDArray[np.float64] = rankdata(points, method="min", axis=0).sum(1)
    return summed


def _split(points: Points, rows: Order) -> tuple[Order, Order]:
    """The rows that no other row dominates, and the rest. `rows` must be in lexical order; both results keep it.

    In lexical order no row dominates an earlier one, so each row is compared only with the front so far.
    """
    values, left, front = points[rows], np.arange(len(rows)), []
    while len(left):
        first = left[0]
        front.append(first)
        others = values[left[1:]]
        behind = (values[first] <= others).all(1) & (values[first] < others).any(1)
        left = left[1:][~behind]
    chosen = np.zeros(len(rows), bool)
    chosen[front] = True
    return rows[chosen], rows[~chosen]


def crowding(points: Points) -> NDArray[np.float64]:
    """The crowding distance of each row (Deb et al. 2002): infinite at the ends of an objective.

    Among equal rows, all but the first have distance 0.
    """
    distances = np.zeros(len(points))
    unique, first = np.unique(points, axis=0, return_index=True)
    room = np.zeros(len(unique))
    for column in range(points.shape[1]):
        order = np.argsort(unique[:, column], kind="stable")
        values = unique[order, column]
        width = values[-1] - values[0]
        room[order[[0, -1]]] = np.inf
        if width > 0 and len(unique) > 2:
            room[order[1:-1]] += (values[2:] - values[:-2]) / width
    distances[first] = room
    return distances
