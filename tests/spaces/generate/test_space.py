"""Spaces: what their settings may be."""

from dataclasses import replace

import pytest

from tests.spaces.graphs import CLOTHING
from valp.errors import SettingError
from valp.graph.vocabulary import ACTIVATIONS, INITIALIZERS
from valp.search.strategies.optuna_parameters import slot_distributions
from valp.spaces.generate.space import DEFAULT, MAX_PARAMETERS, PAPER, SPACES, Space


def test_each_space_has_its_name_in_the_table():
    assert {name: space.name for name, space in SPACES.items()} == {
        "default": "default",
        "full": "full",
        "paper": "paper",
    }


def test_the_papers_space_is_the_one_of_its_experiment():
    assert (PAPER.max_n, PAPER.alpha, PAPER.phi, PAPER.partial) == (11, 0.5, 0.3, 1.0)
    assert (PAPER.hidden_layers, PAPER.units, PAPER.output_units) == ((1, 4), (4, 49), (2, 49))
    assert (PAPER.activations, PAPER.initializers) == (ACTIVATIONS, INITIALIZERS)
    assert not PAPER.discrete_conditions


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("alpha", 0, r"α must lie in \(0, 1\], but is 0"),
        ("alpha", 1.5, "1.5"),
        ("phi", -0.1, r"phi must lie in \[0, 1\], but is -0.1"),
        ("partial", 2, "partial"),
        ("hidden_layers", (3, 1), "hidden_layers must be an ascending range from at least 0, but is 3 to 1"),
        ("hidden_layers", (-1, 1), "hidden_layers"),
        ("units", (0, 5), "units"),
        ("output_units", (1, 5), "output_units must be an ascending range from at least 2, but is 1 to 5"),
        ("beta", (0.0, 1.0), "beta"),
        ("beta_kl", (2.0, 1.0), "beta_kl"),
        ("learning_rate", (0.0, 1.0), "learning_rate"),
    ],
)
def test_a_setting_outside_its_range_is_refused(name, value, said):
    with pytest.raises(SettingError, match=said):
        replace(DEFAULT, **{name: value})


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_space_has_few_parameters_for_optunas_samplers(space: Space):
    assert len(slot_distributions(space, CLOTHING)) <= MAX_PARAMETERS


def test_a_space_with_too_many_parameters_is_refused():
    with pytest.raises(SettingError, match=r"at most 60 parameters for this strategy, but has 1\d\d"):
        slot_distributions(replace(DEFAULT, max_n=20), CLOTHING)
