"""The first non-dominated layers of points that arrive one by one."""

import numpy as np
from numpy.typing import NDArray

from valp.search.pareto.front import Points

Rows = NDArray[np.int64]


class Layers:
    """The first non-dominated layers of points, all minimised, up to as many points as are asked for.

    Layer 0 is the Pareto front, layer 1 the front of the rest, and so on (Deb et al. 2002). An arriving point changes
    only the layers from its own on (Li et al. 2017, efficient non-domination level update). Layers beyond those asked
    for are not computed: their points wait together.
    """

    def __init__(self, objectives: int) -> None:
        self._points: Points = np.zeros((16, objectives))
        self._count = 0
        self._known: list[Rows] = []
        self._waiting: Rows = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return self._count

    @property
    def points(self) -> Points:
        """(points, objectives), in the order of their arrival."""
        return self._points[: self._count]

    def add(self, point: NDArray[np.float64]) -> int:
        """Adds a point. Returns its row in `points`."""
        row = self._count
        if row == len(self._points):
            self._points = np.vstack([self._points, np.zeros_like(self._points)])
        self._points[row] = point
        self._count += 1
        moved = np.array([row])
        for place in range(self._place_of(point), len(self._known)):
            layer = self._known[place]
            behind = self._dominated(layer, moved)
            self._known[place] = np.append(layer[~behind], moved)
            moved = layer[behind]
            if len(moved) == 0:
                return row
        self._waiting = np.append(self._waiting, moved)
        return row

    def first(self, count: int) -> list[Rows]:
        """The first layers with together at least `count` points, as far as there are so many. Rows ascend."""
        held = sum(map(len, self._known))
        while held < count and len(self._waiting):
            layer = self._front_of_waiting()
            self._known.append(layer)
            held += len(layer)
        while len(self._known) > 2 and held - len(self._known[-1]) - len(self._known[-2]) >= count:
            held -= len(self._known[-1])
            self._waiting = np.append(self._waiting, self._known.pop())
        found, taken = list[Rows](), 0
        for layer in self._known:
            if taken >= count:
                break
            found.append(np.sort(layer))
            taken += len(layer)
        return found

    def _place_of(self, point: NDArray[np.float64]) -> int:
        """The first known layer without a point that dominates this one; the number of layers if each has one."""
        low, high = 0, len(self._known)
        while low < high:
            middle = (low + high) // 2
            values = self._points[self._known[middle]]
            if ((values <= point).all(1) & (values < point).any(1)).any():
                low = middle + 1
            else:
                high = middle
        return low

    def _dominated(self, rows: Rows, by: Rows) -> NDArray[np.bool_]:
        """Which of the rows another row dominates."""
        values, others = self._points[rows][:, None], self._points[by][None]
        better = np.logical_and((others <= values).all(2), (others < values).any(2))
        return np.asarray(better.any(1), dtype=np.bool_)

    def _front_of_waiting(self) -> Rows:
        """Takes the waiting points that no other waiting point dominates."""
        # No row dominates one that is before it in lexical order.
        left = self._waiting[np.lexsort(self._points[self._waiting].T)]
        front = list[int]()
        while len(left):
            front.append(int(left[0]))
            values, first = self._points[left], self._points[left[0]]
            behind = (first <= values).all(1) & (first < values).any(1)
            behind[0] = True
            left = left[~behind]
        self._waiting = np.setdiff1d(self._waiting, front)
        return np.array(front)
