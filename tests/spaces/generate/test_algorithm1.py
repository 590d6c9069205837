"""Algorithm 1: every graph that it draws is a VALP within max_n."""

import json
import time
from dataclasses import replace
from statistics import mean, median

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.spaces.graphs import (
    CLOTHING,
    IMAGE,
    SEQUENCE,
    SETTINGS,
    SEVERAL,
    SHAPED,
    SHAPES,
    SPACE_SETTINGS,
    random_graph,
    shape,
    unit,
)
from valp.check.check import check
from valp.errors import SettingError
from valp.graph.graph import DataType, Graph, Output, Role
from valp.spaces.generate.algorithm1 import fewest, initialize
from valp.spaces.generate.choose import RandomChoose, RecordedChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER

GRAPHS = 15


@pytest.fixture(params=SETTINGS.values(), ids=SETTINGS)
def setting(request):
    return request.param


def test_algorithm_1_draws_a_valp_within_max_n(setting):
    shape, space = setting
    for seed in range(GRAPHS):
        graph = random_graph(seed, shape, space)
        assert check(graph).violations == ()
        assert len(graph.networks) <= space.max_n
        assert (graph.inputs, graph.outputs) == (shape.inputs, shape.outputs)


def test_one_seed_draws_one_graph(setting):
    for seed in range(3):
        assert random_graph(seed, *setting).model_dump_json() == random_graph(seed, *setting).model_dump_json()
    assert random_graph(0, *setting) != random_graph(1, *setting)


def test_recorded_decisions_draw_the_same_graph(setting):
    for seed in range(3):
        choose = RandomChoose(seed)
        graph = random_graph(seed, *setting, choose=choose)
        recorded = RecordedChoose(json.loads(json.dumps(choose.decisions)))
        assert random_graph("unused", *setting, choose=recorded) == graph
        assert recorded.decisions == choose.decisions


def test_a_graph_goes_to_json_and_back(setting):
    for seed in range(3):
        graph = random_graph(seed, *setting)
        assert Graph.model_validate_json(graph.model_dump_json()) == graph


def test_the_first_connection_into_a_decoder_is_latent_and_from_a_generic_mlp(setting):
    for seed in range(GRAPHS):
        graph = random_graph(seed, *setting)
        kinds = {network.name: network.kind for network in graph.networks}
        for decoder in (name for name, kind in kinds.items() if kind == "d"):
            first = graph.incoming(decoder)[0]
            assert (first.role, kinds[first.source]) == (Role.LATENT, "g")


@pytest.mark.parametrize("name", SHAPES)
def test_max_n_may_be_as_small_as_the_outputs_allow_and_no_smaller(name):
    shape = SHAPES[name]
    for seed in range(20):
        graph = random_graph(seed, shape, replace(PAPER, max_n=shape.least))
        assert check(graph).passed
        assert len(graph.networks) <= shape.least
    with pytest.raises(SettingError, match=f"at least {shape.least} for these outputs, but is {shape.least - 1}$"):
        random_graph(0, shape, replace(PAPER, max_n=shape.least - 1))


def test_an_output_that_no_kind_of_the_space_produces_is_refused():
    features = Output(name="f", unit=unit(DataType.FEATURES, 4, 3))
    for space in (PAPER, FULL):  # an image has no sides of a sequence
        with pytest.raises(SettingError, match="no network kind that produces output 'f'"):
            initialize(IMAGE.inputs, (features,), {"f": ("mse",)}, space, RandomChoose(0))


SIGNAL = {"signal": unit(DataType.FEATURES, 2, 32)}
APART = {
    "a vector": {"more": unit(DataType.NUMERIC, 5)},
    "a class": {"more": unit(DataType.DISCRETE, 3)},
    "a shorter sequence": {"more": unit(DataType.FEATURES, 1, 16)},
    "an image": {"more": unit(DataType.FEATURES, 1, 8, 8)},
}


@pytest.mark.parametrize("more", APART.values(), ids=APART)
@pytest.mark.parametrize("by_shape", [True, False])
def test_inputs_that_no_network_could_bring_to_an_output_are_refused(more, by_shape):
    wanted = shape({**SIGNAL, **more}, {"same": unit(DataType.FEATURES, 3, 32)}, least=2)
    with pytest.raises(SettingError, match=r"must be features of one spatial size, but 'signal' and 'more' are not$"):
        random_graph(0, wanted, replace(FULL, by_shape=by_shape))


@pytest.mark.parametrize("more", APART.values(), ids=APART)
@pytest.mark.parametrize("by_shape", [True, False])
@pytest.mark.parametrize("several", [True, False])
def test_an_input_that_no_drawn_network_reads_gets_a_network_for_any_data(more, by_shape, several):
    outputs = {"x": unit(DataType.NUMERIC, 4), **({"same": unit(DataType.FEATURES, 3, 32)} if several else {})}
    wanted = shape({**SIGNAL, **more}, outputs, least=0)
    least = fewest(wanted.inputs, wanted.outputs, {}, replace(FULL, by_shape=by_shape))
    for seed in range(40):
        for max_n in (least, 8):
            graph = random_graph(seed, wanted, replace(FULL, by_shape=by_shape, max_n=max_n))
            assert check(graph).violations == ()
            assert len(graph.networks) <= max_n


def test_two_inputs_of_one_shape_need_no_network_for_any_data():
    wanted = shape({**SIGNAL, "more": unit(DataType.FEATURES, 1, 32)}, {"same": unit(DataType.FEATURES, 3, 32)}, 1)
    for seed in range(20):
        assert check(random_graph(seed, wanted, replace(FULL, by_shape=bool(seed % 2), max_n=2))).passed


def test_a_transposed_decoder_does_not_make_samples_that_are_vectors():
    space = replace(FULL, kinds=("g", "delta", "c", "t", "b"))
    graphs = [random_graph(seed, IMAGE, space) for seed in range(60)]
    assert all(check(graph).passed for graph in graphs)
    assert all("t" in {network.kind for network in graph.networks} for graph in graphs)
    with pytest.raises(SettingError, match="no network kind that produces output 's'"):
        random_graph(0, SEQUENCE, space)


def test_every_kind_is_drawn_where_a_problem_has_a_use_for_it():
    def kinds(shape):
        return {network.kind for seed in range(150) for network in random_graph(seed, shape, FULL).networks}

    assert kinds(IMAGE) == {"g", "delta", "d", "c", "t", "b"}
    assert kinds(SEQUENCE) == {"g", "delta", "d", "c", "b", "r"}
    assert kinds(CLOTHING) == {"g", "delta", "d", "b"}


def test_inputs_with_a_shape_are_read_by_networks_that_use_shapes():
    for wanted in SHAPED.values():
        shaped = {i.name for i in wanted.inputs if i.unit.type is DataType.FEATURES}
        for seed in range(60):
            graph = random_graph(seed, wanted, FULL)
            kinds = {network.name: network.kind for network in graph.networks}
            assert {kinds[c.target] for c in graph.connections if c.source in shaped} <= {"c", "r"}


def test_a_transposed_decoder_samples_from_a_bottleneck_with_one_source():
    graphs = [random_graph(seed, IMAGE, FULL) for seed in range(150)]
    found = 0
    for graph in graphs:
        kinds = {network.name: network.kind for network in graph.networks}
        for name in (name for name, kind in kinds.items() if kind == "t"):
            found += 1
            assert kinds[graph.incoming(name)[0].source] == "b"
        for name in (name for name, kind in kinds.items() if kind == "b"):
            assert [kinds[c.source] for c in graph.incoming(name)] == ["g"]
    assert found > 20


def test_phi_decides_what_further_connections_into_a_decoder_are():
    def roles(phi):
        space = replace(PAPER, phi=phi)
        graphs = [random_graph(seed, CLOTHING, space) for seed in range(150)]
        decoders = [(graph, n.name) for graph in graphs for n in graph.networks if n.kind == "d"]
        return [c.role for graph, name in decoders for c in graph.incoming(name)[1:]]

    assert set(roles(0)) == {Role.LATENT}
    assert set(roles(1)) == {Role.CONDITION}
    assert 0.2 < mean(role is Role.CONDITION for role in roles(0.3)) < 0.4


def test_partial_decides_whether_psi_is_drawn():
    def shares(partial):
        graphs = [random_graph(seed, CLOTHING, replace(PAPER, partial=partial)) for seed in range(40)]
        names = {network.name for graph in graphs for network in graph.networks}
        return [c.indices is not None for graph in graphs for c in graph.connections if c.target in names]

    assert not any(shares(0))
    assert mean(shares(1)) > 0.8  # a drawn ψ may be the whole unit
    assert mean(shares(0)) < mean(shares(0.5)) < mean(shares(1))


def test_outputs_receive_their_full_width_and_a_drawn_latent_connection_has_two_halves():
    for seed in range(50):
        graph = random_graph(seed, SEVERAL)
        sizes = {n.name: n.output.size for n in graph.networks} | {i.name: i.unit.size for i in graph.inputs}
        wanted = {output.name: output.unit.size for output in graph.outputs}
        for c in graph.connections:
            size = sizes[c.source] if c.indices is None else len(c.indices)
            assert c.target not in wanted or size == wanted[c.target]
            assert c.role is not Role.LATENT or c.indices is None or size % 2 == 0


def test_the_space_says_whether_a_class_may_condition_a_decoder():
    def conditions(space):
        for seed in range(200):
            graph = random_graph(seed, CLOTHING, replace(space, phi=1))
            types = {n.name: n.output.type for n in graph.networks} | {i.name: i.unit.type for i in graph.inputs}
            yield from (types[c.source] for c in graph.connections if c.role is Role.CONDITION)

    assert DataType.DISCRETE not in set(conditions(PAPER))
    assert DataType.DISCRETE in set(conditions(DEFAULT))


def test_the_statistics_are_those_of_the_papers_own_structures():
    graphs = [random_graph(seed, CLOTHING, PAPER) for seed in range(1000)]
    layers = [sum(len(network.layers) + 1 for network in graph.networks) for graph in graphs]
    depths = [nx.dag_longest_path_length(graph.digraph) - 1 for graph in graphs]
    readers = [sum(c.source == "pixels" for c in graph.connections) for graph in graphs]
    assert 33 <= median(layers) <= 42
    assert 6 <= median(depths) <= 8
    assert 0.35 <= mean(count == 1 for count in readers) <= 0.50


@pytest.mark.slow
@pytest.mark.parametrize("space", [PAPER, DEFAULT, FULL], ids=lambda space: space.name)
def test_ten_thousand_graphs_are_valps_and_each_takes_a_few_milliseconds(space):
    seconds = []
    shapes = list((SHAPED if space is FULL else SHAPES).values())
    for seed in range(10_000):
        shape = shapes[seed % len(shapes)]
        start = time.process_time()
        graph = random_graph(seed, shape, space)
        report = check(graph)
        seconds.append(time.process_time() - start)
        assert report.passed, (seed, report.violations)
        assert len(graph.networks) <= space.max_n
        assert seed % 100 or Graph.model_validate_json(graph.model_dump_json()) == graph
    assert median(seconds) <= 4e-3


@pytest.mark.slow
def test_many_graphs_at_every_edge_are_valps_within_max_n(setting):
    shape, space = setting
    for seed in range(1000, 1500):
        graph = random_graph(seed, shape, space)
        assert check(graph).passed, seed
        assert len(graph.networks) <= space.max_n


PAIRS = [(shape, space) for shape in SHAPES.values() for space in (PAPER, DEFAULT, FULL)]
PAIRS += [(shape, FULL) for shape in SHAPED.values()]


@given(
    seed=st.integers(0, 2**31),
    pair=st.sampled_from(PAIRS),
    settings=st.fixed_dictionaries({**SPACE_SETTINGS, "hidden_layers": st.sampled_from([(0, 0), (0, 3), (2, 2)])}),
)
@hypothesis_settings(max_examples=150, deadline=None, derandomize=True)
def test_for_any_settings_the_graph_is_a_valp_within_max_n_and_can_be_repeated(seed, pair, settings):
    shape, space = pair[0], replace(pair[1], **settings)
    choose = RandomChoose(seed)
    graph = random_graph(seed, shape, space, choose)
    assert check(graph).violations == ()
    assert len(graph.networks) <= space.max_n
    assert random_graph(seed, shape, space) == graph
    assert random_graph(seed, shape, space, RecordedChoose(json.loads(json.dumps(choose.decisions)))) == graph
