"""A rung: which trials continue."""

from math import ceil, inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valp.search.halving.rung import Rung
from valp.search.pareto.front import non_dominated
from valp.search.pareto.tie_breaks import TIE_BREAKS

FACTORS = st.sampled_from([2, 2.5, 3, 4])


@st.composite
def trials(draw):
    """The losses of trials, some of which are not finite, and an order of the objectives."""
    objectives = draw(st.integers(1, 4))
    loss = st.integers(0, 9) | st.sampled_from([nan, inf, -inf])
    rows = draw(st.lists(st.tuples(*[loss] * objectives), min_size=1, max_size=25))
    return rows, draw(st.permutations(range(objectives)))


def decisions(rows, factor, ties="crowding"):
    rung = Rung(len(rows[0]), factor, TIE_BREAKS[ties])
    return [rung.reach(row) for row in rows]


@pytest.mark.parametrize("ties", TIE_BREAKS)
@given(trials(), FACTORS)
def test_a_non_dominated_trial_continues_if_the_top_fraction_has_room(ties, given_, factor):
    rows, _ = given_
    for i, goes_on in enumerate(decisions(rows, factor, ties)):
        so_far = np.array(rows[: i + 1], float)
        finite = np.isfinite(so_far).all(1)
        if not finite[i]:
            assert not goes_on
            continue
        known = so_far[finite]
        front = non_dominated(known)
        room = ceil((i + 1) / factor)
        if i + 1 < factor or (len(known) - 1 in front and len(front) <= room):
            assert goes_on
        elif len(known) - 1 not in front and len(front) >= room:
            assert not goes_on


@pytest.mark.parametrize("ties", TIE_BREAKS)
@given(trials(), FACTORS, st.lists(st.integers(-8, 8), min_size=4, max_size=4))
def test_neither_the_order_nor_the_scales_of_the_metrics_change_a_decision(ties, given_, factor, powers):
    rows, order = given_
    found = decisions(rows, factor, ties)
    assert decisions([tuple(row[i] for i in order) for row in rows], factor, ties) == found
    scaled = [tuple(loss * 2.0**power for loss, power in zip(row, powers, strict=False)) for row in rows]
    assert decisions(scaled, factor, ties) == found


@given(trials(), FACTORS, st.data())
def test_a_rung_that_is_filled_decides_as_one_that_was_reached(given_, factor, data):
    rows, _ = given_
    cut = data.draw(st.integers(0, len(rows) - 1))
    rung = Rung(len(rows[0]), factor)
    rung.fill(rows[:cut])
    assert [rung.reach(row) for row in rows[cut:]] == decisions(rows, factor)[cut:]
    assert len(rung) == len(rows)


def test_with_one_objective_the_best_third_continues():
    assert decisions([(5.0,), (4.0,), (6.0,), (3.0,), (4.0,), (2.5,)], 3) == [True, True, False, True, False, True]


def test_a_trial_that_is_not_finite_is_stopped_and_counts():
    assert decisions([(nan, 0.0), (inf, 0.0), (-inf, 0.0), (1.0, 1.0), (2.0, 2.0)], 3) == [
        False,
        False,
        False,
        True,
        True,
    ]
