"""Non-dominated layers of points that arrive one by one, compared with sorting all of them again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from valp.search.pareto.layers import Layers
from valp.search.pareto.population import best

COORDINATES = st.integers(0, 6)  # few values, so that points are often equal in an objective, or in all
ARRIVALS = st.integers(1, 4).flatmap(
    lambda objectives: st.lists(
        st.tuples(st.tuples(*[COORDINATES] * objectives), st.integers(1, 40)), min_size=1, max_size=40
    )
)


@given(ARRIVALS)
def test_after_each_arrival_the_layers_are_those_of_all_points(arrivals):
    layers, points = Layers(len(arrivals[0][0])), []
    for point, count in arrivals:
        assert layers.add(np.array(point, float)) == len(points)
        points.append(point)
        rows, ranks = best(np.array(points, float), len(points))
        wanted = [sorted(row for row, rank in zip(rows, ranks, strict=True) if rank == i) for i in range(ranks[-1] + 1)]
        found = [layer.tolist() for layer in layers.first(count)]
        assert found == wanted[: len(found)]
        assert sum(map(len, found)) >= min(count, len(points))
        assert sum(map(len, found[:-1])) < count
    assert layers.points.tolist() == [list(point) for point in points]
