"""Scores of predictions: closed forms, and missing truths."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, r2_score

from valp.score.prediction_scores import (
    accuracy,
    balanced_accuracy,
    label_accuracy,
    mean_squared_error,
    r_squared,
)

ROWS = 30


def rows(columns=3, seed=0):
    return torch.randn(ROWS, columns, generator=torch.Generator().manual_seed(seed))


@given(st.integers(2, 20), st.integers(1, 4), st.integers(0, 2**16))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_r_squared_is_that_of_scikit_learn(count, columns, seed):
    random = np.random.default_rng(seed)
    truth, prediction = (random.normal(size=(count, columns)).astype(np.float32) for _ in range(2))
    expected = r2_score(truth.astype(np.float64), prediction.astype(np.float64), multioutput="variance_weighted")
    assert r_squared(torch.from_numpy(prediction), torch.from_numpy(truth)) == pytest.approx(expected)


def test_r_squared_of_the_truth_is_one_and_of_its_mean_zero():
    truth = rows()
    assert r_squared(truth, truth) == 1
    assert r_squared(truth.mean(0).expand(ROWS, 3), truth) == pytest.approx(0, abs=1e-6)


def test_variables_that_do_not_vary_count_in_r_squared_only_by_their_errors():
    truth, prediction = rows(2), rows(2, seed=1)
    constant = torch.full((ROWS, 1), 0.1)
    known = r_squared(torch.cat([prediction, constant], 1), torch.cat([truth, constant], 1))
    assert known == pytest.approx(r_squared(prediction, truth))
    assert r_squared(torch.cat([prediction, rows(1)], 1), torch.cat([truth, constant], 1)) < known
    assert r_squared(rows(1), constant) == 0


def test_a_variable_that_hardly_varies_does_not_decide_r_squared():
    truth = torch.cat([rows(2), 1e-3 * rows(1, seed=1)], 1)
    assert r_squared(torch.cat([truth[:, :2], truth[:, 2:] + 0.01], 1), truth) > 0.999


@pytest.mark.parametrize("metric", [mean_squared_error, r_squared, label_accuracy])
def test_missing_values_have_no_influence(metric):
    truth, prediction = rows() > 0, rows(seed=1).sigmoid()
    present = rows(seed=2) > -0.5
    found = metric(prediction, truth.float(), present)
    garbage = torch.where(present, prediction, math.nan), torch.where(present, truth.float(), 7.0)
    assert metric(torch.nan_to_num(garbage[0], 1e6), garbage[1], present) == pytest.approx(found)
    if metric is not r_squared:
        assert found == pytest.approx(metric(prediction[present][:, None], truth[present][:, None].float()))


def test_r_squared_with_gaps_is_pooled_over_the_values_that_are_present():
    truth, prediction, present = rows(), rows(seed=1), rows(seed=2) > -0.5
    errors = (prediction - truth)[present].double().square().sum()
    deviations = sum((truth[there, i].double().var(correction=0) * there.sum()) for i, there in enumerate(present.T))
    assert r_squared(prediction, truth, present) == pytest.approx((1 - errors / deviations).item())


def test_a_variable_without_any_value_is_left_out():
    truth, prediction = rows(), rows(seed=1)
    present = torch.ones(ROWS, 3, dtype=torch.bool)
    present[:, 1] = False
    assert r_squared(prediction, truth, present) == pytest.approx(r_squared(prediction[:, ::2], truth[:, ::2]))
    assert r_squared(prediction, truth, torch.zeros_like(present)) == 0


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_scores_are_finite_whatever_the_size_of_the_numbers(size):
    for other in (1e-30, 1.0, 1e30):
        assert math.isfinite(r_squared(rows() * size, rows(seed=1) * other))
        assert math.isfinite(mean_squared_error(rows() * size, rows(seed=1) * other))


def test_a_label_is_predicted_above_one_half():
    truth = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert label_accuracy(torch.tensor([[0.51, 0.5], [0.5, 0.51]]), truth) == 0.5


def test_rows_without_a_class_do_not_count():
    probabilities, classes = torch.eye(3), torch.tensor([0, 0, 2])
    assert accuracy(probabilities, classes) == pytest.approx(2 / 3)
    assert accuracy(probabilities, classes, torch.tensor([True, False, True])) == 1


@given(st.integers(2, 40), st.integers(2, 5), st.integers(0, 2**16))
@settings(max_examples=50, deadline=None, derandomize=True)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_balanced_accuracy_is_that_of_scikit_learn(count, size, seed):
    random = np.random.default_rng(seed)
    truth, probabilities = random.integers(size, size=count), random.random((count, size)).astype(np.float32)
    truth[:2] = [0, 1]
    expected = balanced_accuracy_score(truth, probabilities.argmax(1))
    assert balanced_accuracy(torch.from_numpy(probabilities), torch.from_numpy(truth)) == pytest.approx(expected)


def test_a_constant_model_has_high_accuracy_for_a_rare_class_but_not_high_balanced_accuracy():
    classes = torch.tensor([0] * 975 + [1] * 25)
    constant = torch.tensor([[0.9, 0.1]]).expand(1000, 2)
    assert accuracy(constant, classes) == 0.975
    assert balanced_accuracy(constant, classes) == 0.5
    known = torch.arange(1000) < 975
    assert balanced_accuracy(constant, classes, known) is None
