"""Which points of a layer are kept: extremes, spread, and what does not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valp.search.pareto.tie_breaks import TIE_BREAKS, by_crowding, by_epsilon_net, by_knee

LAYER = np.array([[0.0, 10.0], [1.0, 8.0], [1.1, 7.9], [4.0, 3.0], [10.0, 0.0]])


@st.composite
def points_and_room(draw):
    objectives, count = draw(st.integers(1, 4)), draw(st.integers(1, 8))
    rows = draw(st.lists(st.tuples(*[st.integers(0, 20)] * objectives), min_size=count, max_size=count))
    return np.array(rows, float), draw(st.integers(1, count)), draw(st.permutations(range(objectives)))


def test_crowding_keeps_the_ends_then_what_has_most_room():
    assert by_crowding(LAYER, 2).tolist() == [0, 4]
    assert by_crowding(LAYER, 3).tolist() == [0, 4, 3]


def test_an_epsilon_net_begins_at_the_knee_and_goes_on_with_the_farthest():
    assert by_epsilon_net(LAYER, 1).tolist() == [3]
    assert by_epsilon_net(LAYER, 3).tolist() == [3, 0, 4]
    assert set(by_epsilon_net(LAYER, 4).tolist()) == {3, 0, 4, 2}


def test_the_knee_keeps_what_is_good_in_all():
    assert by_knee(LAYER, 3).tolist() == [3, 2, 1]


@pytest.mark.parametrize("name", TIE_BREAKS)
@given(points_and_room())
def test_each_keeps_as_many_different_points_as_there_is_room(name, given_):
    points, room, _ = given_
    rows = TIE_BREAKS[name](points, room).tolist()
    assert len(set(rows)) == len(rows) == room
    assert set(rows) <= set(range(len(points)))


@pytest.mark.parametrize("name", TIE_BREAKS)
@settings(max_examples=60)
@given(points_and_room(), st.lists(st.tuples(st.integers(-6, 6), st.integers(-50, 50)), min_size=4, max_size=4))
def test_neither_the_order_nor_the_scales_of_the_objectives_matter(name, given_, scales):
    points, room, order = given_
    kept = TIE_BREAKS[name](points, room).tolist()
    assert TIE_BREAKS[name](points[:, order], room).tolist() == kept
    scaled = np.column_stack([(points[:, i] + scales[i][1]) * 2.0 ** scales[i][0] for i in range(points.shape[1])])
    assert TIE_BREAKS[name](scaled, room).tolist() == kept
