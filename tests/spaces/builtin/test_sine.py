"""Synthetic sequences."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from valp.spaces.builtin.sine import NOISE, SHAPES, sine, waves


@pytest.fixture(scope="module")
def problem():
    return sine()


def test_a_wave_lies_between_0_and_1_and_the_signal_is_the_wave_with_noise(problem):
    for split in (problem.train, problem.validation, problem.test):
        wave, noise = split.truths["wave"], split.inputs["signal"] - split.truths["wave"]
        assert wave.min() >= 0
        assert wave.max() <= 1
        assert noise.std().item() == pytest.approx(NOISE, rel=0.02)
        assert abs(noise.mean()) < 0.002


def test_the_frequency_is_scaled_to_1_and_restored_in_periods(problem):
    column, truth = problem.columns.output("frequency"), problem.train.truths["frequency"]
    assert truth.min() >= -1
    assert truth.max() <= 1
    periods = column.restore(truth)
    assert (periods.min(), periods.max()) == (pytest.approx(1, abs=0.01), pytest.approx(4, abs=0.01))


def test_the_generated_wave_is_judged_by_shape_and_compared_with_the_signal(problem):
    assert problem.objectives == ("mse", "accuracy", "entropy_coverage")
    assert problem.judged_by == "shape"
    assert problem.view("wave") == "signal"


@pytest.mark.parametrize("frequency", [1.0, 2.0, 4.0])
def test_a_wave_repeats_itself_with_its_period(frequency):
    period = int(32 / frequency)
    found = waves(np.arange(len(SHAPES)), np.full(4, frequency), np.full(4, 0.2))
    np.testing.assert_allclose(found[:, period:], found[:, : 32 - period], atol=1e-9)


def test_the_waves_have_the_shapes_of_their_names():
    one, quarter = np.ones(1), np.zeros(1)
    sine_wave, square, triangle, sawtooth = (waves(np.array([k]), one, quarter)[0] for k in range(4))
    np.testing.assert_allclose(sine_wave, (1 + np.sin(2 * np.pi * np.arange(32) / 32)) / 2)
    assert square.tolist() == [1] * 16 + [0] * 16
    assert (triangle[0], triangle[8], triangle[16], triangle[24]) == (0, 0.5, 1, 0.5)
    np.testing.assert_allclose(sawtooth, np.arange(32) / 32)


def test_frequency_and_shape_can_be_recovered_from_the_signal(problem):
    signal, held = problem.train.inputs["signal"], problem.validation
    shape = KNeighborsClassifier(5).fit(signal, problem.train.truths["shape"])
    assert shape.score(held.inputs["signal"], held.truths["shape"]) > 0.6
    frequency = KNeighborsRegressor(5).fit(signal, problem.train.truths["frequency"])
    assert frequency.score(held.inputs["signal"], held.truths["frequency"]) > 0.8


def test_the_rows_are_drawn_by_a_fixed_seed(problem):
    assert torch.equal(sine().test.inputs["signal"], problem.test.inputs["signal"])
