"""The measures of the benchmarks, compared with their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.conditioning import Found, first_above, rows_of
from benchmarks.strategies_contenders import Contender
from valp.errors import SettingError
from valp.search.pareto.hypervolume import hypervolume
from valp.search.strategies import STRATEGIES

CELLS = st.lists(st.tuples(*[st.integers(0, 5)] * 3), max_size=12)


@given(CELLS)
def test_the_hypervolume_of_whole_numbers_is_the_number_of_cells_below_a_point(points):
    cells = {(x, y, z) for a, b, c in points for x in range(a) for y in range(b) for z in range(c)}
    assert hypervolume(np.array(points, dtype=float).reshape(-1, 3)) == pytest.approx(len(cells))


@pytest.mark.parametrize("seed", range(3))
def test_the_hypervolume_agrees_with_monte_carlo(seed):
    random = np.random.default_rng(seed)
    points, thrown = random.random((15, 3)), random.random((100_000, 3))
    hit = (thrown[:, None] <= points).all(2).any(1)
    assert hypervolume(points) == pytest.approx(hit.mean(), abs=5 * hit.std() / np.sqrt(len(hit)))


def test_points_worse_than_the_reference_add_no_hypervolume():
    assert hypervolume(np.array([[0.5, 0.5, 0.5], [2.0, 2.0, -0.1]])) == pytest.approx(0.125)
    assert hypervolume(np.zeros((0, 3))) == 0


def test_the_text_of_a_contender_names_its_strategy_variant_and_budget():
    plain = Contender.parse("random", 60)
    assert (plain.code, plain.trainings, plain.strategy) == ("random", 60, STRATEGIES["random"])
    assert Contender.parse("random:halving@300", 60).halving
    assert Contender.parse("random:halving@300", 60).trainings == 300
    balanced = Contender.parse("random:balance=gradnorm+central", 60)
    assert (balanced.balance, balanced.strategy) == (("gradnorm", "central"), plain.strategy)
    changed = Contender.parse("evolution:no-inherit:population=24", 60)
    assert (changed.strategy.breeding.inherit, changed.strategy.breeding.population) == (False, 24)
    assert changed.code not in STRATEGIES
    evolution = Contender.parse("evolution", 60)
    assert plain.candidates == 60 < changed.candidates < evolution.candidates


@pytest.mark.parametrize(
    "text",
    [
        "none",
        "random:no-inherit",
        "evolution:no-such",
        "evolution:population=x",
        "random:balance=no-such",
        "random@0",
        "random@x",
    ],
)
def test_an_unknown_contender_is_refused(text):
    with pytest.raises(SettingError):
        Contender.parse(text, 60)


def test_a_conditioned_sampler_is_found_when_one_is_above_the_paper_s_best():
    assert first_above([0.7, 0.75, 0.76, 0.9], 0.75) == 3
    assert first_above([0.75], 0.75) is None
    test = {"conditioning": 0.7, "coverage": 0.5, "accuracy": 0.85, "copying": 0.1}
    found = [
        Found("evolution", 0, 100, 60, 71, {"conditioning": 0.8}, test),
        Found("evolution", 1, 100, None, 93, {"conditioning": 0.6}, test),
        Found("random", 0, 100, None, 5, {"conditioning": 0.5}, test),
    ]
    *_, evolution, random = rows_of(found)
    assert evolution == ("evolution", "all", "", "1 of 2", "", "0.700 ± 0.141", "0.700 ± 0.000", "", "", "")
    assert random[3:6] == ("0 of 1", "", "0.500")
