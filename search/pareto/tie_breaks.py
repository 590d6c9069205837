"""Which points of one non-dominated layer are kept if there is no room for all of them."""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from valp.search.pareto.front import Points, scaled

TieBreak = Callable[[Points, int], NDArray[np.int64]]
"""Takes a layer, (points, objectives), all minimised, in the order of arrival, and how many points to keep. Returns
their rows. The result depends neither on the order of the objectives nor on their scales."""


def by_crowding(points: Points, room: int) -> NDArray[np.int64]:
    """The points with the largest crowding distance (Deb et al. 2002, NSGA-II); of equal ones the earlier.

    The gap of a value is between the next larger and the next smaller one. So points that share a value have the same
    gap, unlike in `valp.search.pareto.population.crowding`, where their order decides.
    """
    gaps = np.zeros(points.shape)
    first = np.unique(points, axis=0, return_index=True)[1]
    for column, values in enumerate(points.T):
        different, place = np.unique(values, return_inverse=True)
        gap = np.full(len(different), np.inf)
        gap[1:-1] = (different[2:] - different[:-2]) / (different[-1] - different[0])
        gaps[first, column] = gap[place[first]]
    kept: NDArray[np.int64] = np.argsort(-np.sort(gaps, axis=1).sum(1), kind="stable")[:room]
    return kept


def by_epsilon_net(points: Points, room: int) -> NDArray[np.int64]:
    """First the point nearest to the best value of every objective, then always the one farthest from those chosen.

    Salinas et al. 2021 and Schmucker et al. 2021 (MO-ASHA) order a layer like this. They begin with the best point of
    the first objective, or with a random one.
    """
    places = scaled(points)
    chosen = [int(np.argmin(_squared_lengths(places)))]
    distances = _squared_lengths(places - places[chosen[0]])
    while len(chosen) < room:
        distances[chosen[-1]] = -1.0
        chosen.append(int(np.argmax(distances)))
        distances = np.minimum(distances, _squared_lengths(places - places[chosen[-1]]))
    return np.array(chosen)


def by_knee(points: Points, room: int) -> NDArray[np.int64]:
    """The points nearest to the best value of every objective."""
    kept: NDArray[np.int64] = np.argsort(_squared_lengths(scaled(points)), kind="stable")[:room]
    return kept


TIE_BREAKS = MappingProxyType({"crowding": by_crowding, "epsilon-net": by_epsilon_net, "knee": by_knee})
"""By name."""


def _squared_lengths(vectors: Points) -> NDArray[np.float64]:
    """The squared length of each row. The order of the columns does not even change its last digit."""
    lengths: NDArray[np.float64] = np.sort(vectors**2, axis=1).sum(1)
    return lengths
