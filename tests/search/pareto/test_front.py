"""The Pareto front and its knee."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tests.metrics import metric_of
from valp.search.pareto.front import Front, by_knee, chances, least_differences, losses, non_dominated, scaled

FEW_VALUES = st.integers(-2, 2).map(float)
"""Few values, so that rows often tie and repeat."""

FINITE = st.floats(-1e9, 1e9, allow_nan=False)
POINTS = st.one_of(
    arrays(float, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=elements)
    for elements in (FEW_VALUES, FINITE)
)


def dominates(a, b) -> bool:
    """Whether a is at least as good as b in every objective and better in one."""
    no_worse = all(x <= y for x, y in zip(a, b, strict=True))
    return no_worse and any(x < y for x, y in zip(a, b, strict=True))


@given(POINTS)
def test_non_dominated_keeps_what_a_naive_loop_keeps(points):
    naive = [i for i, point in enumerate(points) if not any(dominates(other, point) for other in points)]
    assert non_dominated(points) == naive


@given(POINTS)
def test_the_front_of_candidates_is_not_empty_and_dominates_all_others(points):
    kept = non_dominated(points)
    assert kept
    for i in set(range(len(points))) - set(kept):
        assert any(dominates(points[k], points[i]) for k in kept)


@given(POINTS)
def test_points_one_by_one_make_the_same_front_as_all_at_once(points):
    front = Front()
    for i, point in enumerate(points):
        front.add(i, point)
        assert sorted(front.members) == non_dominated(points[: i + 1])


@given(POINTS)
def test_the_knee_order_names_every_row_once_by_its_scaled_distance_from_the_ideal_point(points):
    order = by_knee(points)
    assert sorted(order) == list(range(len(points)))
    low, span = points.min(0), points.max(0) - points.min(0)
    scaled = np.array([[(x - a) / s if s else 0.0 for x, a, s in zip(row, low, span, strict=True)] for row in points])
    distances = np.linalg.norm(scaled, axis=1)[order]
    assert (np.diff(distances) >= -1e-12).all()


@given(POINTS, st.floats(0.5, 1000), st.floats(-1000, 1000))
def test_the_knee_of_whole_numbers_does_not_depend_on_the_units_of_an_objective(points, scale, shift):
    whole = points.clip(-2, 2).round()
    first, moved = by_knee(whole)[0], by_knee(whole * scale + shift)[0]
    spans = np.where(np.ptp(whole, axis=0) > 0, np.ptp(whole, axis=0), 1)
    distances = np.linalg.norm((whole - whole.min(0)) / spans, axis=1)
    assert distances[moved] == pytest.approx(distances[first])


def test_the_knee_of_a_bent_front_is_its_corner():
    points = np.array([[0.0, 1.0], [0.1, 0.1], [1.0, 0.0]])
    assert by_knee(points) == [1, 0, 2]


def test_of_equal_points_all_are_on_the_front_and_the_first_is_the_knee():
    points = np.ones((3, 2))
    assert non_dominated(points) == [0, 1, 2]
    assert by_knee(points) == [0, 1, 2]


def test_the_front_of_no_candidates_is_empty():
    points = losses([], [metric_of("accuracy"), metric_of("mse")])
    assert points.shape == (0, 2)
    assert non_dominated(points) == []
    assert by_knee(points) == []


def test_a_score_to_be_maximised_changes_its_sign_and_one_to_be_minimised_does_not():
    points = losses([[0.9, 0.2], [0.5, 0.1]], [metric_of("accuracy"), metric_of("mse")])
    assert points.tolist() == [[-0.9, 0.2], [-0.5, 0.1]]


def test_a_narrow_range_counts_little_when_scores_are_scaled_by_the_score_without_learning():
    """All have about the same mse, and one has far better accuracy and entropy."""
    known = [replace(metric_of(code), chance=c) for code, c in (("accuracy", 0.1), ("mse", 1.0), ("entropy", 0.0))]
    points = losses([[0.5, 0.100, 0.1], [0.9, 0.110, 0.9], [0.55, 0.105, 0.2]], known)
    assert by_knee(points, chances(known))[0] == 1


def test_an_objective_without_a_known_scale_is_scaled_to_the_candidates():
    metrics = [replace(metric_of("accuracy"), chance=0.5), metric_of("mse")]
    worst = chances(metrics)
    assert worst[0] == -0.5
    assert np.isnan(worst[1])
    points = losses([[0.9, 3.0], [0.7, 1.0]], metrics)
    np.testing.assert_allclose(scaled(points, worst), [[0, 1], [0.5, 0]])


def test_if_no_candidate_has_learnt_an_objective_is_scaled_to_the_candidates():
    metrics = [replace(metric_of("accuracy"), chance=0.5)]
    points = losses([[0.1], [0.3]], metrics)
    np.testing.assert_allclose(scaled(points, chances(metrics)), [[1], [0]])


def test_an_objective_in_which_the_rows_differ_by_chance_does_not_choose_the_knee():
    """Accuracy is learned, and the error of the numbers is not: 1.13 without learning, ± 0.1."""
    points = losses([(0.75, 1.126), (0.967, 1.141)], [metric_of("accuracy"), metric_of("mse")])
    worst = np.array([-0.5, 1.13])
    assert by_knee(points, worst) == [0, 1]  # as if 0.015 were the whole way from the worst to the best
    errors = [{"accuracy": 0.03, "mse": 0.1}, {"accuracy": 0.02, "mse": 0.1}]
    least = least_differences(errors, ["accuracy", "mse"])
    assert least.tolist() == pytest.approx([1.96 * 2**0.5 * 0.025, 1.96 * 2**0.5 * 0.1])
    assert by_knee(points, worst, least) == [1, 0]
    assert least_differences([{}, {}], ["accuracy", "mse"]).tolist() == [0, 0]
    assert by_knee(points, worst, np.zeros(2)) == [0, 1]
