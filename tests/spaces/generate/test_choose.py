"""The contract of `Choose`, for every implementation."""

import json
import math
from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise

import optuna
import pytest

from tests.spaces.graphs import CLOTHING, random_graph
from valp.check.check import check
from valp.errors import SettingError
from valp.search.strategies.optuna_parameters import SlotChoose, slot_distributions
from valp.spaces.generate.choose import SEEDS, RandomChoose, RecordedChoose
from valp.spaces.generate.space import DEFAULT, PAPER, SPACES

DRAWS = 4000


def random(seed):
    return RandomChoose(seed)


def recorded(seed):
    return Replayed(seed)


def slots(seed):
    """Slots with nothing but their wirings, so that every decision is derived from these."""
    return SlotChoose({f"n{slot}.wiring": seed * 1000 + slot for slot in range(PAPER.max_n)}, PAPER)


class Replayed:
    """Has each decision taken at random, and hands out a RecordedChoose's repetition of it."""

    def __init__(self, seed):
        self._first, self.decisions = RandomChoose(seed), {}

    def __getattr__(self, method):
        def repeated(name, *arguments, **options):
            getattr(self._first, method)(name, *arguments, **options)
            choose = RecordedChoose(json.loads(json.dumps({name: self._first.decisions[name]})))
            value = getattr(choose, method)(name, *arguments, **options)
            self.decisions |= choose.decisions
            return value

        return repeated


IMPLEMENTATIONS = {"random": random, "recorded": recorded, "slots": slots}


@pytest.fixture(params=IMPLEMENTATIONS)
def new(request):
    """A constructor of one implementation, from a seed."""
    return IMPLEMENTATIONS[request.param]


def names(count=DRAWS):
    """Decisions of all slots."""
    return (f"n{i % PAPER.max_n}.decision.{i}" for i in range(count))


def shares(values):
    counts = Counter(values)
    return {value: count / sum(counts.values()) for value, count in counts.items()}


@pytest.mark.parametrize(("low", "high"), [(0, 1), (3, 7), (-2, 2), (5, 5)])
def test_integers_lie_in_their_bounds_and_are_equally_likely(new, low, high):
    choose = new(1)
    found = shares(choose.integer(name, low, high) for name in names())
    assert found.keys() == set(range(low, high + 1))
    assert all(share == pytest.approx(1 / (high - low + 1), abs=0.04) for share in found.values())


@pytest.mark.parametrize(("low", "high"), [(1, 100), (4, 49), (32, 256), (1, 1)])
def test_integers_on_a_log_scale_lie_in_their_bounds_and_are_uniform_in_the_logarithm(new, low, high):
    choose = new(2)
    found = [choose.integer(name, low, high, log_scale=True) for name in names()]
    assert low <= min(found)
    assert max(found) <= high
    middle = math.sqrt(low * (high + 1))
    expected = math.log(math.ceil(middle) / low) / math.log((high + 1) / low)
    assert sum(value < middle for value in found) / DRAWS == pytest.approx(expected if low < high else 1, abs=0.04)


def test_every_integer_can_be_drawn_on_a_log_scale(new):
    choose = new(3)
    assert {choose.integer(name, 1, 20, log_scale=True) for name in names()} == set(range(1, 21))


@pytest.mark.parametrize(("low", "high", "log_scale"), [(0.0, 1.0, False), (-2.0, 3.0, False), (1e-4, 1.0, True)])
def test_numbers_lie_in_their_bounds_and_are_uniform(new, low, high, log_scale):
    choose = new(4)
    found = sorted(choose.real(name, low, high, log_scale=log_scale) for name in names())
    assert low <= found[0]
    assert found[-1] < high
    middle = math.sqrt(low * high) if log_scale else (low + high) / 2
    assert sum(value < middle for value in found) / DRAWS == pytest.approx(0.5, abs=0.04)


def test_equal_bounds_fix_a_number(new):
    choose = new(5)
    assert choose.real("n0.x", 0.25, 0.25, log_scale=True) == 0.25
    assert choose.decisions["n0.x"] == 0.25


def test_a_category_is_one_of_the_options_which_are_equally_likely(new):
    choose = new(6)
    found = shares(choose.category(name, "abc") for name in names())
    assert found.keys() == set("abc")
    assert all(share == pytest.approx(1 / 3, abs=0.04) for share in found.values())


def test_a_single_option_is_taken(new):
    assert new(7).category("n0.x", ["only"]) == "only"


@pytest.mark.parametrize("probability", [0.0, 0.3, 0.5, 1.0])
def test_a_flag_is_true_with_its_probability(new, probability):
    choose = new(8)
    found = [choose.flag(name, probability) for name in names()]
    assert sum(found) / DRAWS == pytest.approx(probability, abs=0.04 if 0 < probability < 1 else 0)


def test_a_subset_is_distinct_and_ascending_and_all_are_equally_likely(new):
    choose = new(9)
    found = [choose.subset(name, 5, 2) for name in names()]
    assert all(a < b for a, b in found)
    likely = shares(found)
    assert likely.keys() == set(combinations(range(5), 2))
    assert all(share == pytest.approx(1 / 10, abs=0.03) for share in likely.values())


@pytest.mark.parametrize(("size", "count"), [(1, 1), (2, 2), (784, 1), (784, 783), (784, 784), (49, 20)])
def test_a_subset_has_the_requested_size(new, size, count):
    chosen = new(10).subset("n0.psi", size, count)
    assert len(chosen) == count
    assert list(chosen) == sorted(set(chosen))
    assert set(chosen) <= set(range(size))
    assert all(type(index) is int for index in chosen)


def test_a_subset_is_recorded_as_one_seed(new):
    choose = new(11)
    choose.subset("n0.psi", 784, 100)
    assert choose.decisions.keys() == {"n0.psi"}
    assert 0 <= choose.decisions["n0.psi"] < SEEDS


def test_subsets_are_independent_of_each_other(new):
    choose = new(12)
    found = [choose.subset(name, 40, 20) for name in names(200)]
    overlaps = [len(set(a) & set(b)) for a, b in pairwise(found)]
    assert sum(overlaps) / len(overlaps) == pytest.approx(10, abs=0.7)


def decide(choose):
    return [
        choose.integer("n0.a", 0, 1000),
        choose.integer("n1.b", 1, 1000, log_scale=True),
        choose.integer("n2.fixed", 4, 4),
        choose.real("n3.c", 0.0, 1.0),
        choose.real("n4.d", 1e-3, 1.0, log_scale=True),
        choose.category("n5.e", ["x", "y", "z"]),
        choose.flag("n6.f", 0.5),
        choose.flag("n7.g", 0.0),
        choose.subset("n8.h", 100, 50),
    ]


def test_decisions_are_recorded_and_can_be_repeated_from_json(new):
    for seed in range(50):
        choose = new(seed)
        taken = decide(choose)
        assert choose.decisions.keys() == {
            "n0.a", "n1.b", "n2.fixed", "n3.c", "n4.d", "n5.e", "n6.f", "n7.g", "n8.h",
        }  # fmt: skip
        again = RecordedChoose(json.loads(json.dumps(choose.decisions)))
        assert decide(again) == taken
        assert again.decisions == choose.decisions


def test_equal_seeds_make_equal_decisions_and_other_seeds_other_ones(new):
    assert decide(new(1)) == decide(new(1)) != decide(new(2))


def test_a_decision_that_was_not_recorded_is_refused():
    with pytest.raises(KeyError, match="n0\\.other"):
        RecordedChoose({"n0.a": 1}).integer("n0.other", 0, 5)


def test_a_recorded_flag_does_not_depend_on_its_probability():
    assert RecordedChoose({"n0.f": True}).flag("n0.f", 0.0) is True
    assert RecordedChoose({"n0.f": False}).flag("n0.f", 1.0) is False


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_graph_of_slots_repeats_from_its_decisions_whatever_the_sampler(space):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(40):
        trial = study.ask()
        choose = SlotChoose.of_trial(trial, space, CLOTHING)
        graph = random_graph(0, space=space, choose=choose)
        assert check(graph).passed
        assert random_graph(0, space=space, choose=RecordedChoose(json.loads(json.dumps(choose.decisions)))) == graph
        assert random_graph(0, space=space, choose=SlotChoose(trial.params, space)) == graph
        study.tell(trial, 0.0)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_network_has_the_values_of_its_slot(space):
    distributions = slot_distributions(space, CLOTHING)
    values = {name: distribution.low for name, distribution in distributions.items()}
    values |= {f"n{slot}.layers": space.hidden_layers[1] for slot in range(space.max_n)}
    graph = random_graph(0, space=space, choose=SlotChoose(values, space))
    for network in graph.networks:
        assert len(network.layers) == space.hidden_layers[1]
        assert network.layers[0].units == space.units[0]


def test_a_wiring_changes_the_decisions_of_its_slot_only():
    values = {f"n{slot}.wiring": slot for slot in range(PAPER.max_n)}
    first, second = SlotChoose(values, PAPER), SlotChoose(values | {"n3.wiring": 99}, PAPER)
    differing = {
        slot
        for slot in range(PAPER.max_n)
        for i in range(20)
        if first.integer(f"n{slot}.x.{i}", 0, 10**6) != second.integer(f"n{slot}.x.{i}", 0, 10**6)
    }
    assert differing == {3}


def test_a_value_out_of_range_becomes_the_nearest_possible_one():
    choose = SlotChoose({"n0.wiring": 0, "n0.units": 900, "n0.kind": 1.0, "n0.output": 1}, PAPER)
    assert choose.integer("n0.units", 4, 49) == 49
    assert choose.integer("n0.output", 2, 49) == 2
    assert choose.category("n0.kind", ("g", "delta")) == "delta"


def test_a_kind_parameter_has_equal_shares_for_all_kinds():
    found = shares(
        SlotChoose({"n0.wiring": 0, "n0.kind": i / 999}, PAPER).category("n0.kind", "abc") for i in range(1000)
    )
    assert all(share == pytest.approx(1 / 3, abs=0.005) for share in found.values())


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_space_has_at_most_sixty_parameters(space):
    assert len(slot_distributions(space, CLOTHING)) <= 60


def test_a_space_of_too_many_parameters_is_refused():
    with pytest.raises(SettingError, match=r"at most 60 parameters for this strategy, but has \d+"):
        slot_distributions(replace(DEFAULT, max_n=30), CLOTHING)
