"""Ranks and crowding distances, compared with their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valp.search.pareto.population import Population, best, crowding, places, volumes

COARSE = st.integers(0, 4).map(float)
POINTS = st.integers(1, 3).flatmap(lambda d: st.lists(st.tuples(*[COARSE] * d), min_size=1, max_size=25)).map(np.array)


def ranks_of(points):
    """Each row's rank: 0 if nothing dominates it, else one more than the worst that does."""
    ranks = np.zeros(len(points), int)
    for _ in points:
        for i, point in enumerate(points):
            behind = [ranks[j] for j, p in enumerate(points) if (p <= point).all() and (p < point).any()]
            ranks[i] = 1 + max(behind) if behind else 0
    return ranks


@given(POINTS, st.integers(0, 30))
def test_the_best_are_those_of_the_lowest_ranks(points, count):
    rows, ranks = best(points, count)
    expected = ranks_of(points)
    assert len(rows) == len(set(rows)) == min(count, len(points))
    assert [expected[row] for row in rows] == ranks
    assert ranks == sorted(expected)[:count]


@given(POINTS)
def test_within_a_rank_larger_crowding_distances_come_first(points):
    rows, ranks = best(points, len(points))
    for rank in set(ranks):
        members = [row for row, r in zip(rows, ranks, strict=True) if r == rank]
        room = dict(zip(sorted(members), crowding(points[sorted(members)]), strict=True))
        assert sorted(room.values(), reverse=True) == [room[row] for row in members]


def test_the_crowding_distance_is_the_scaled_perimeter_between_the_neighbours():
    points = np.array([[0.0, 10.0], [1.0, 6.0], [2.0, 5.0], [4.0, 0.0]])
    room = crowding(points)
    assert room[0] == room[3] == np.inf
    np.testing.assert_allclose(room[1:3], [2 / 4 + 5 / 10, 3 / 4 + 6 / 10])


def test_of_equal_rows_all_but_one_have_crowding_distance_0():
    room = crowding(np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
    assert sorted(room) == [0, 0, np.inf, np.inf]


@given(POINTS, st.floats(0.1, 100), st.floats(-50, 50))
def test_scales_do_not_matter(points, factor, offset):
    assert best(points, 25)[1] == best(points * factor + offset, 25)[1]


def test_the_best_of_ten_thousand_points_are_distinct_and_on_the_front():
    points = np.random.default_rng(0).random((10_000, 3))
    rows, ranks = best(points, 20)
    assert ranks == [0] * 20
    assert len(set(rows)) == 20


@given(POINTS, st.integers(1, 6))
def test_a_member_that_leaves_a_population_does_not_return(points, size):
    population, left = Population(size, points.shape[1]), set()
    for i, point in enumerate(points):
        before = set(population.members)
        population.add(i, point[None])
        assert len(population.members) == min(size, i + 1)
        assert not left & set(population.members)
        left |= before - set(population.members)
        np.testing.assert_array_equal(population.points, points[population.members])


@given(POINTS, st.integers(4, 8))
def test_a_population_keeps_a_best_candidate_of_each_objective(points, size):
    population = Population(2 * size, points.shape[1])
    for i, point in enumerate(points):
        population.add(i, point[None])
    for column in range(points.shape[1]):
        assert points[population.members, column].min() == points[:, column].min()


def test_a_good_compromise_dominates_more_volume_than_an_extreme():
    points, worst = np.array([[0.0, 1.0], [0.4, 0.4], [1.0, 0.0]]), np.array([1.0, 1.0])
    spanned = volumes(points, worst)
    assert spanned.argmax() == 1
    assert spanned[1] == pytest.approx(0.36)
    assert (spanned > 0).all()


def test_no_points_have_no_volumes():
    assert volumes(np.zeros((0, 2)), np.ones(2)).shape == (0,)


def test_the_ranks_in_each_objective_are_added_and_ties_share_a_rank():
    assert places(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 4.0]])).tolist() == [1 + 2, 2 + 2, 3 + 1]
