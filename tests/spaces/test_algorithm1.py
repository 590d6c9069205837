"""Algorithm 1: what every graph it draws must be, and the statistics that the paper's have."""

import json
import re
import statistics
from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces.choose import RandomChoose, RecordedChoose
from spaces.space import DEFAULT, PAPER
from tests.spaces.graphs import SHAPES, drawn, random_graph
from tests.valp.graphs import numeric, unit
from valp.check import check
from valp.errors import SettingError
from valp.graph import DataType, Graph, Input, Output, Role

SPACES = {"paper": PAPER, "default": DEFAULT}
EDGES = {
    "no conditions": {"phi": 0.0},
    "conditions only": {"phi": 1.0, "discrete_conditions": True},
    "always a new network": {"alpha": 1.0},
    "hardly a new network": {"alpha": 0.05},
    "whole units": {"partial": 0.0},
    "parts of units": {"partial": 1.0},
    "twenty networks": {"max_n": 20},
    "no hidden layer": {"hidden_layers": (0, 0)},
    "narrowest": {"units": (1, 1), "output_units": (2, 2)},
    "odd widths": {"output_units": (3, 3)},
    "additions": {"network_combiners": ("addition",)},
}


def smallest(shape, space) -> int:
    """The smallest max_n, as the refusal of a smaller one names it."""
    with pytest.raises(SettingError) as refusal:
        random_graph(0, shape=shape, space=replace(space, max_n=1 if shape is not SHAPES["classes"] else 0))
    return int(re.search(r"at least (\d+)", str(refusal.value))[1])


def assert_sound(seed, shape, space):
    choose = RandomChoose(seed)
    graph = drawn(choose, shape=shape, space=space)
    assert check(graph).violations == (), seed
    assert len(graph.networks) <= space.max_n, seed
    assert (graph.inputs, graph.outputs) == shape
    document = graph.model_dump_json()
    assert Graph.model_validate_json(document) == graph, seed
    assert random_graph(seed, shape=shape, space=space).model_dump_json() == document, seed
    recorded = json.loads(json.dumps(choose.decisions))
    assert drawn(RecordedChoose(recorded), shape=shape, space=space) == graph, seed
    generic = {network.name for network in graph.networks if network.kind == "g"}
    for decoder in (network.name for network in graph.networks if network.kind == "d"):
        first = graph.incoming(decoder)[0]
        assert (first.role, first.source in generic) == (Role.LATENT, True), seed


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_graph_is_sound_and_repeats(shape, space):
    for seed in range(60):
        assert_sound(seed, SHAPES[shape], SPACES[space])


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_graph_is_sound_at_the_edges_of_a_space(shape, edge):
    for space in SPACES.values():
        for seed in range(12):
            assert_sound(seed, SHAPES[shape], replace(space, **EDGES[edge]))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_smallest_max_n_is_enough_and_one_less_is_refused(shape, space):
    least = smallest(SHAPES[shape], SPACES[space])
    tight = replace(SPACES[space], max_n=least)
    for seed in range(60):
        assert_sound(seed, SHAPES[shape], tight)
    with pytest.raises(SettingError, match=f"max_n must be at least {least} for these outputs, but is {least - 1}$"):
        random_graph(0, shape=SHAPES[shape], space=replace(tight, max_n=least - 1))


@given(
    seed=st.integers(0, 2**31),
    shape=st.sampled_from(sorted(SHAPES)),
    space=st.builds(
        replace,
        st.sampled_from([PAPER, DEFAULT]),
        max_n=st.integers(7, 20),
        alpha=st.floats(0.01, 1),
        phi=st.floats(0, 1),
        partial=st.floats(0, 1),
        discrete_conditions=st.booleans(),
        output_units=st.sampled_from([(2, 2), (2, 3), (3, 3), (5, 40)]),
    ),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_graph_is_sound_whatever_the_settings(seed, shape, space):
    assert_sound(seed, SHAPES[shape], space)


@pytest.mark.slow
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("shape", ["papers", "many", "classes"])
def test_ten_thousand_graphs_are_sound_and_repeat(shape, space):
    for seed in range(10_000):
        assert_sound(seed, SHAPES[shape], SPACES[space])


def test_other_seeds_draw_other_graphs():
    assert len({random_graph(seed).model_dump_json() for seed in range(100)}) == 100


def test_the_paper_s_statistics_are_met():
    graphs = [random_graph(seed) for seed in range(600)]
    layers = [sum(len(network.layers) + 1 for network in graph.networks) for graph in graphs]
    depths = [nx.dag_longest_path_length(graph.digraph) - 1 for graph in graphs]
    read_once = sum(sum(c.source == "pixels" for c in graph.connections) == 1 for graph in graphs)
    assert 33 <= statistics.median(layers) <= 42
    assert 6 <= statistics.median(depths) <= 8
    assert 0.35 <= read_once / len(graphs) <= 0.50


def test_phi_is_the_share_of_further_connections_that_are_conditions():
    further = [
        c.role
        for seed in range(300)
        for graph in [random_graph(seed)]
        for network in graph.networks
        if network.kind == "d"
        for c in graph.incoming(network.name)[1:]
    ]
    assert further.count(Role.CONDITION) / len(further) == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize(("phi", "role"), [(0.0, Role.LATENT), (1.0, Role.CONDITION)])
def test_phi_at_its_ends_leaves_one_role_for_further_connections(phi, role):
    roles = {
        c.role
        for seed in range(60)
        for graph in [random_graph(seed, space=replace(PAPER, phi=phi))]
        for network in graph.networks
        if network.kind == "d"
        for c in graph.incoming(network.name)[1:]
    }
    assert roles == {role}


def test_a_discrete_unit_conditions_a_decoder_only_where_the_space_allows_it():
    def conditions(allowed):
        for seed in range(150):
            graph = random_graph(seed, shape=SHAPES["many"], space=replace(PAPER, phi=1.0, discrete_conditions=allowed))
            types = {i.name: i.unit.type for i in graph.inputs} | {n.name: n.output.type for n in graph.networks}
            yield from (types[c.source] for c in graph.connections if c.role is Role.CONDITION)

    assert DataType.DISCRETE not in set(conditions(False))
    assert DataType.DISCRETE in set(conditions(True))


def test_whole_units_have_no_psi_but_where_a_size_must_be_met():
    graph = random_graph(3, space=replace(PAPER, partial=0.0))
    networks = {network.name for network in graph.networks}
    assert all(c.indices is None for c in graph.connections if c.target in networks)


def test_max_n_is_made_use_of():
    sizes = [len(random_graph(seed).networks) for seed in range(200)]
    assert max(sizes) == PAPER.max_n
    assert statistics.median(sizes) >= PAPER.max_n - 1


def test_betas_and_losses_are_the_space_s():
    paper, ours = random_graph(5), random_graph(5, space=DEFAULT)
    assert {loss.truth: loss.kind for loss in paper.losses if loss.truth}["image"] == "mse"
    assert {loss.truth: loss.kind for loss in ours.losses if loss.truth}["image"] == "bernoulli"
    assert {loss.beta for loss in paper.losses if loss.truth} == {1.0}
    assert {loss.beta for loss in paper.losses if not loss.truth} == {1.96}
    assert all(0.1 <= loss.beta <= 10 for loss in ours.losses)


def test_an_output_that_no_network_kind_produces_is_refused():
    shape = ((Input(name="i", unit=numeric(3)),), (Output(name="o", unit=unit(DataType.FEATURES, 1, 2, 2)),))
    with pytest.raises(SettingError, match="the paper space has no network kind that produces output 'o'"):
        drawn(RandomChoose(0), shape=shape)
