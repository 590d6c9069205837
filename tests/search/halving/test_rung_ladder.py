"""The rungs of a search: their times, one decision at each, and the state as JSON."""

import json
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valp.search.halving.rung_ladder import RungLadder, milestones

REPORTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12), st.integers(0, 9), st.integers(0, 9)), max_size=60)


def ladder(**changed):
    return RungLadder(**({"times": (1, 3, 9), "objectives": 2, "factor": 3} | changed))


def test_milestones_are_before_the_end():
    assert milestones(1, 100, 3) == (1, 3, 9, 27, 81)
    assert milestones(1, 81, 3) == (1, 3, 9, 27)
    assert milestones(10, 10, 2) == ()
    assert milestones(0.1, 1.0, 10) == (0.1,)


def test_a_trial_is_compared_once_at_each_rung_and_at_the_last_that_it_has_passed():
    rungs = ladder()
    assert rungs.continues("a", 0.5, (9, 9))
    assert rungs.counts == (0, 0, 0)
    assert all(rungs.continues("a", time, (9, 9)) for time in (1, 2, 2.5))
    assert rungs.continues("a", 10, (9, 9))
    assert rungs.counts == (1, 0, 1)
    assert all(rungs.continues("a", time, (99, 99)) for time in (3, 8, 100))
    assert rungs.counts == (1, 0, 1)


def test_rungs_are_compared_separately():
    rungs = ladder()
    assert rungs.continues("a", 1, (1, 1))
    assert rungs.continues("b", 1, (2, 2))
    assert not rungs.continues("c", 1, (3, 3))
    assert rungs.continues("b", 3, (2, 2))


@given(REPORTS, st.data())
def test_a_state_that_went_through_json_decides_the_same(reports, data):
    cut = data.draw(st.integers(0, len(reports)))
    whole, first = ladder(), ladder()
    wanted = [whole.continues(str(trial), time, (a if a else nan, b)) for trial, time, a, b in reports]
    found = [first.continues(str(trial), time, (a if a else nan, b)) for trial, time, a, b in reports[:cut]]
    second = ladder().load(json.loads(json.dumps(first.state(), allow_nan=False)))
    found += [second.continues(str(trial), time, (a if a else nan, b)) for trial, time, a, b in reports[cut:]]
    assert found == wanted
    assert second.counts == whole.counts
    assert second.state() == whole.state()


@pytest.mark.parametrize("changed", [{"version": 2}, {"times": [1, 2]}])
def test_the_state_of_other_rungs_is_refused(changed):
    with pytest.raises(ValueError, match="rungs at"):
        ladder().load(ladder().state() | changed)
