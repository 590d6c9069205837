"""The hypervolume of a front, exact in any number of dimensions."""

import numpy as np
from numpy.typing import NDArray


def hypervolume(points: NDArray[np.float64]) -> float:
    """The volume that (n, d) points dominate above the origin, all maximised. A point with a coordinate ≤ 0 adds none.

    The algorithm sweeps along the last coordinate. The base of each slab is the hypervolume, in one dimension less, of
    the points above it.
    """
    left = points[(points > 0).all(1)]
    if len(left) == 0:
        return 0.0
    if left.shape[1] == 1:
        return float(left.max())
    if left.shape[1] == 2:
        return _area(left)
    left = left[np.argsort(-left[:, -1])]
    heights = np.append(left[:, -1], 0.0)
    slabs = heights[:-1] - heights[1:]
    return float(sum(slabs[i] * hypervolume(left[: i + 1, :-1]) for i in range(len(left)) if slabs[i] > 0))


def _area(points: NDArray[np.float64]) -> float:
    x, y = points[np.argsort(-points[:, 0])].T
    return float((x - np.append(x[1:], 0.0)) @ np.maximum.accumulate(y))
