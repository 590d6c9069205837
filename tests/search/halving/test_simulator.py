"""Simulated workers: clocks, work, stops and failures by hand; any number of workers ends with the same curves."""

from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valp.errors import DataError, FileError, SettingError
from valp.search.halving.recorded_curves import RecordedCurves
from valp.search.halving.rung_ladder import RungLadder
from valp.search.halving.simulator import NoStopping, in_order, simulate


def curves(values, seconds=None):
    """Curves with a loss and an accuracy at the times 1, 3 and 9."""
    values = np.array(values, float)
    seconds = np.cumsum(np.ones(values.shape[:2]), axis=1) if seconds is None else np.array(seconds, float)
    return RecordedCurves("by hand", ("loss", "accuracy"), ("min", "max"), (1, 3, 9), (1.0, 0.0), values, seconds)


GOOD, BAD = [(0.5, 0.6), (0.3, 0.7), (0.1, 0.9)], [(0.9, 0.1), (0.8, 0.2), (0.2, 0.8)]


def test_one_worker_trains_one_after_the_other():
    first, second = simulate(curves([GOOD, BAD]), in_order([1, 0]), NoStopping(), 1)
    assert (first.number, first.row, first.clock, first.work, first.losses) == (0, 1, 3.0, 9.0, (0.2, -0.8))
    assert (second.number, second.row, second.clock, second.work, second.complete) == (1, 0, 6.0, 18.0, True)


def test_two_workers_take_turns_by_the_recorded_seconds():
    slow = curves([GOOD, BAD, BAD], [(4, 8, 12), (1, 2, 3), (1, 2, 3)])
    ended = simulate(slow, in_order(range(3)), NoStopping(), 2)
    assert [(one.number, one.clock) for one in ended] == [(1, 3.0), (2, 6.0), (0, 12.0)]
    assert [one.work for one in ended] == [9.0, 19.0, 27.0]  # number 0 has reached time 1 after 4 seconds


def test_a_dominated_trial_is_stopped_and_a_failed_one_is_not_compared():
    failing = [(0.4, 0.6), (nan, nan), (nan, nan)]
    rule = RungLadder((1, 3), 2, 3)
    ended = simulate(curves([GOOD, failing, GOOD, BAD]), in_order(range(4)), rule, 1)
    assert [(one.time, one.complete) for one in ended] == [(9, True), (3, False), (1, False), (1, False)]
    assert rule.counts == (4, 1)


def test_a_strategy_sees_what_has_ended_and_ends_the_search():
    seen = []

    def propose(number, ended):
        seen.append((number, [one.number for one in ended]))
        return None if number == 3 else 0

    assert len(simulate(curves([GOOD]), propose, NoStopping(), 2)) == 3
    assert seen == [(0, []), (1, []), (2, [0]), (3, [0, 1])]


def test_no_trial_begins_after_the_work_that_is_allowed():
    ended = simulate(curves([GOOD] * 9), in_order(range(9)), NoStopping(), 1, work=10)
    assert [one.work for one in ended] == [9.0, 18.0]


def test_a_search_needs_a_worker():
    with pytest.raises(SettingError, match="workers must be at least 1, but is 0"):
        simulate(curves([GOOD]), in_order([0]), NoStopping(), 0)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_all_candidates_end_once_and_the_work_is_that_of_their_times(workers, seed):
    random = np.random.default_rng(seed)
    many = curves(random.random((12, 3, 2)), np.cumsum(random.random((12, 3)), axis=1))
    ended = simulate(many, in_order(range(12)), RungLadder((1, 3), 2, 3), workers)
    assert sorted(one.number for one in ended) == [*range(12)]
    assert ended[-1].work == sum(one.time for one in ended)
    assert [one.clock for one in ended] == sorted(one.clock for one in ended)
    assert ended[-1].clock <= many.seconds[:, -1].sum() + 1e-9


def test_curves_are_the_same_after_a_file(tmp_path):
    given_ = curves([GOOD, [(0.123456789, 0.5), (nan, nan), (nan, nan)]])
    given_.save(tmp_path / "curves.json")
    held = RecordedCurves.load(tmp_path / "curves.json")
    assert held.values[1, 0, 0] == 0.12346
    np.testing.assert_array_equal(np.isnan(held.values), np.isnan(given_.values))
    np.testing.assert_array_equal(held.seconds, given_.seconds)
    assert (held.source, held.metrics, held.modes, held.times) == (
        "by hand",
        ("loss", "accuracy"),
        ("min", "max"),
        (1, 3, 9),
    )


def test_damaged_curves_are_refused(tmp_path):
    (tmp_path / "curves.json").write_text('{"source": "x"}\n')
    with pytest.raises(FileError, match=r"curves\.json has no recorded curves"):
        RecordedCurves.load(tmp_path / "curves.json")
    with pytest.raises(DataError, match="seconds must have the shape"):
        curves([GOOD], [[1, 2]])
    with pytest.raises(DataError, match="times must ascend"):
        RecordedCurves("x", ("a",), ("min",), (2, 1), (1.0,), np.zeros((1, 2, 1)), np.zeros((1, 2)))
