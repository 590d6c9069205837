"""The comparison of rules that stop candidates early: its measures, its rivals, and its recorded curves."""

import numpy as np
import pytest

from benchmarks.halving import FILES, gains, measure, median_interval, resampled
from benchmarks.halving_rivals import MOASHA, epsilon_net_order, rivals
from valp.search.halving.recorded_curves import RecordedCurves


@pytest.fixture(scope="module", params=FILES, ids=[path.stem for path in FILES])
def curves(request):
    assert request.param.stat().st_size < 300_000
    return RecordedCurves.load(request.param)


def test_the_curves_are_of_many_candidates_and_learning_makes_them_better(curves):
    assert len(curves) >= 30
    assert curves.times == (1, 3, 9, 27)
    scaled = gains(curves)
    assert scaled.min() >= 0
    assert scaled.max(0).tolist() == [1.0] * len(curves.metrics)
    signs = np.array([1 if mode == "max" else -1 for mode in curves.modes])
    assert (np.nanmedian(curves.values[:, -1] * signs, 0) >= np.nanmedian(curves.values[:, 0] * signs, 0)).all()


def test_halving_finds_more_than_chance_with_the_same_work(curves):
    rules = rivals()
    found = {
        name: np.mean([measure(curves, rules[name], seed, 8)[0][-1] for seed in range(2)])
        for name in ("ours, crowding", "stopped by chance")
    }
    assert found["ours, crowding"] > found["stopped by chance"]
    assert all(0 <= share <= 1 for share in found.values())


def test_mo_asha_keeps_the_first_third_of_its_order():
    rule = MOASHA((1, 3), 2)
    decisions = [rule.continues(i, 1, losses) for i, losses in enumerate([(5, 5), (6, 6), (4, 4), (7, 3), (4.5, 4.5)])]
    assert decisions == [True, False, True, True, False]
    assert rule.continues(0, 3, (9, 9))
    order = epsilon_net_order(np.array([[1.0, 3], [0, 9], [2, 2.5], [9, 0]]))
    assert order.tolist() == [1, 3, 2, 0]


def test_the_interval_of_a_median_covers_it_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    intervals = [median_interval(random.normal(size=100)) for _ in range(150)]
    assert 0.9 < np.mean([low <= 0 <= high for _, low, high in intervals]) < 0.99
    assert median_interval(np.arange(101.0))[0] == 50


def test_resampled_curves_say_that_they_are(curves):
    many = resampled(curves, 50)
    assert len(many) == 50
    assert many.source.startswith("50 resampled from ")
