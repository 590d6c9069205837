"""A space says which priors there are: mixtures in the default space, N(0, I) in the paper's."""

from dataclasses import replace

import pytest

from tests.spaces.graphs import CLOTHING, SHAPES, random_graph
from valp.errors import SettingError
from valp.graph.graph import Role
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER

LATENT, MIXTURE, NORMAL = Role.LATENT, "mixture", "normal"


def priors(graph):
    """The priors of the networks with latent variables, and those of all others."""
    drawn = {c.target for c in graph.connections if c.role is LATENT}
    found = {True: set(), False: set()}
    for network in graph.networks:
        found[network.name in drawn].add(network.prior)
    return found


@pytest.mark.parametrize("space", [DEFAULT, FULL], ids=["default", "full"])
def test_both_priors_are_drawn_for_networks_with_latent_variables_only(space):
    assert space.priors == (MIXTURE,)
    both = replace(space, priors=(NORMAL, MIXTURE))
    made = [priors(random_graph(seed, CLOTHING, both)) for seed in range(30)]
    assert set().union(*(found[True] for found in made)) == {NORMAL, MIXTURE}
    assert set().union(*(found[False] for found in made)) == {NORMAL}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_paper_has_one_prior_and_makes_no_decision_about_it(shape):
    choose = RandomChoose(3)
    graph = random_graph(3, shape, PAPER, choose)
    assert priors(graph)[True] <= {NORMAL}
    assert not any(name.endswith(".prior") for name in choose.decisions)


def test_a_space_with_the_mixture_alone_draws_the_graphs_of_one_with_n_0_i_alone():
    for seed in range(5):
        one, other = (random_graph(seed, CLOTHING, replace(DEFAULT, priors=(prior,))) for prior in (NORMAL, MIXTURE))
        assert priors(other)[True] == {MIXTURE}
        networks = tuple(network.model_copy(update={"prior": NORMAL}) for network in other.networks)
        assert other.model_copy(update={"networks": networks}) == one


def test_unknown_priors_are_refused():
    with pytest.raises(SettingError, match="priors must be some of normal, mixture, but is flow"):
        replace(DEFAULT, priors=("flow",))
