"""The fixed slots through which samplers see a space."""

import dataclasses

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.samplers import RandomSampler

from valp.check.check import check
from valp.errors import SettingError
from valp.search.strategies.optuna_parameters import SlotChoose, slot_distributions
from valp.spaces.generate.algorithm1 import initialize
from valp.spaces.generate.choose import SEEDS
from valp.spaces.generate.space import DEFAULT, PAPER, SPACES


def trial_of(seed):
    return optuna.create_study(sampler=RandomSampler(seed=seed)).ask()


@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
def test_a_space_has_a_slot_for_each_network_it_allows(space, digits_problem):
    names = slot_distributions(space, digits_problem)
    slots = {name.split(".")[0] for name in names if name.startswith("n")}
    assert slots == {f"n{slot}" for slot in range(space.max_n)}
    fields = {slot: sorted(name.split(".")[1] for name in names if name.startswith(f"{slot}.")) for slot in slots}
    assert len({tuple(each) for each in fields.values()}) == 1


def test_a_range_with_a_choice_is_a_parameter_and_a_fixed_value_is_not(digits_problem):
    assert {"learning_rate", "beta.kl", "beta.digit"} <= slot_distributions(DEFAULT, digits_problem).keys()
    assert not {"learning_rate", "beta.kl", "beta.digit"} & slot_distributions(PAPER, digits_problem).keys()


def test_a_space_with_too_many_parameters_is_refused(digits_problem):
    wide = dataclasses.replace(DEFAULT, max_n=20)
    with pytest.raises(SettingError, match=r"must have at most 60 parameters for this strategy, but has 1\d\d"):
        slot_distributions(wide, digits_problem)


def test_a_trial_suggests_every_parameter_even_those_a_graph_does_not_use(digits_problem):
    trial = trial_of(0)
    SlotChoose.of_trial(trial, DEFAULT, digits_problem)
    assert trial.distributions == slot_distributions(DEFAULT, digits_problem)


@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
@pytest.mark.parametrize("seed", range(5))
def test_the_parameters_of_a_trial_make_a_valid_graph_and_always_the_same(seed, space, digits_problem):
    trial = trial_of(seed)
    SlotChoose.of_trial(trial, space, digits_problem)
    graphs = [
        initialize(
            digits_problem.inputs,
            digits_problem.outputs,
            digits_problem.losses,
            space,
            SlotChoose(trial.params, space),
        )
        for _ in range(2)
    ]
    assert graphs[0] == graphs[1]
    assert check(graphs[0]).passed


def values(**decided):
    return {f"n{slot}.wiring": 5 + slot for slot in range(DEFAULT.max_n)} | decided


def test_a_parameter_makes_the_decision_of_the_same_name():
    choose = SlotChoose(values(**{"n0.layers": 2, "beta.kl": 0.7}), DEFAULT)
    assert choose.integer("n0.layers", 1, 3) == 2
    assert choose.real("beta.kl", 0.1, 2.0) == 0.7


@given(st.floats(0, 1), st.integers(0, 5), st.integers(0, 9))
def test_a_share_picks_one_option_however_many_there_are(share, low, more):
    choose = SlotChoose(values(**{"n0.kind": share}), DEFAULT)
    assert low <= choose.integer("n0.kind", low, low + more) <= low + more


@given(st.integers(-100, 100), st.integers(0, 5), st.integers(0, 9))
def test_a_number_outside_the_range_a_graph_allows_is_clamped(value, low, more):
    choose = SlotChoose(values(**{"n0.output": value}), DEFAULT)
    assert choose.integer("n0.output", low, low + more) == min(low + more, max(low, value))


@given(st.integers(0, SEEDS - 1), st.integers(0, 12), st.booleans())
def test_a_decision_without_a_parameter_depends_on_the_wiring_of_its_slot_and_its_name(wiring, slot, log_scale):
    last = min(slot, DEFAULT.max_n - 1)
    decided = values(**{f"n{last}.wiring": wiring})
    one, same = SlotChoose(decided, DEFAULT), SlotChoose(decided, DEFAULT)
    for name in (f"n{slot}.psi", f"n{slot}.role.2"):
        assert one.integer(name, 2, 40, log_scale=log_scale) == same.integer(name, 2, 40, log_scale=log_scale)
        assert 2 <= one.decisions[name] <= 40
        assert one.real(name, 0.5, 2.0, log_scale=log_scale) == same.real(name, 0.5, 2.0, log_scale=log_scale)
        assert 0.5 <= one.decisions[name] < 2.0


def test_other_wiring_changes_the_decision_and_the_wiring_of_other_slots_does_not():
    def numbers(**decided):
        choose = SlotChoose(values(**decided), DEFAULT)
        return [choose.integer(f"n0.field.{i}", 0, 10**6) for i in range(4)]

    assert numbers() != numbers(**{"n0.wiring": 99})
    assert numbers() == numbers(**{"n1.wiring": 99})
