"""Graphs as values: JSON and back, frozen, strict about fields, ordered."""

import networkx as nx
import pytest
from hypothesis import given
from pydantic import ValidationError

from tests.valp.graphs import any_graphs, class_conditioned, figure_2, numeric, replaced, samples, with_part
from valp.graph.graph import Connection, DataUnit, Dense, Graph, Loss, Role


@given(any_graphs())
def test_a_graph_goes_to_json_and_back(graph):
    assert Graph.model_validate_json(graph.model_dump_json()) == graph


def test_json_carries_the_schema_version():
    document = figure_2().model_dump(mode="json")
    assert document["schema_version"] == 1
    with pytest.raises(ValidationError, match="schema_version"):
        Graph.model_validate(document | {"schema_version": 2})


@pytest.mark.parametrize("part", [lambda g: g, lambda g: g.networks[0], lambda g: g.networks[0].layers[0]])
def test_a_graph_is_frozen(part):
    value = part(figure_2())
    with pytest.raises(ValidationError, match="frozen"):
        setattr(value, next(iter(type(value).model_fields)), None)


@pytest.mark.parametrize("place", [(), ("networks", 0), ("connections", 3), ("losses", 0), ("outputs", 1, "unit")])
def test_unknown_fields_are_refused(place):
    document = figure_2().model_dump(mode="json")
    part = document
    for step in place:
        part = part[step]
    part["colour"] = "blue"
    with pytest.raises(ValidationError, match="colour"):
        Graph.model_validate(document)


@pytest.mark.parametrize("name", ["", "a b", "1a", "a.b", "a->b", "n" * 65, "β"])
def test_names_are_letters_digits_and_underscores(name):
    with pytest.raises(ValidationError):
        Connection(source=name, target="o")


@pytest.mark.parametrize("beta", [-1.0, float("nan"), float("inf")])
def test_beta_is_finite_and_not_negative(beta):
    with pytest.raises(ValidationError):
        Loss(kind="mse", prediction="n", truth="o", beta=beta)


@pytest.mark.parametrize("shape", [(), (0,), (-3,), (1, 2, 3, 4)])
def test_shapes_are_positive_and_have_one_to_three_axes(shape):
    with pytest.raises(ValidationError):
        DataUnit(type="numeric", shape=shape)


def test_a_layer_has_at_least_one_unit():
    with pytest.raises(ValidationError):
        Dense(units=0)


@pytest.mark.parametrize("layer", [{"form": "attention", "units": 3}, 5, None])
def test_an_unknown_form_of_layer_is_named(layer):
    document = figure_2().model_dump(mode="json")
    document["networks"][0]["layers"] = [layer]
    with pytest.raises(ValidationError, match="must be dense, convolution, transposed_convolution or recurrent"):
        Graph.model_validate(document)


def test_a_layer_without_a_form_is_dense():
    document = figure_2().model_dump(mode="json")
    for network in document["networks"]:
        for layer in network["layers"]:
            del layer["form"], layer["normalise"]
    assert Graph.model_validate(document) == figure_2()


def test_the_size_of_a_unit_is_the_product_of_its_shape():
    assert DataUnit(type="features", shape=(3, 4, 5)).size == 60


def test_the_digraph_has_the_inputs_as_sources_and_the_outputs_as_sinks():
    graph = figure_2()
    digraph = graph.digraph
    assert [n for n in digraph if not digraph.in_degree(n)] == ["i0"]
    assert [n for n in digraph if not digraph.out_degree(n)] == ["o0", "o1", "o2"]
    assert digraph.number_of_edges() == len(graph.connections) == 9
    assert digraph.edges["n0", "n4"]["connection"].role is Role.LATENT


def test_the_digraph_leaves_out_connections_to_unknown_components():
    graph = figure_2()
    broken = replaced(graph, connections=(*graph.connections, Connection(source="x", target="n1")))
    assert nx.utils.graphs_equal(broken.digraph, graph.digraph)


@pytest.mark.parametrize("turn", [1, -1])
def test_the_order_puts_each_network_after_those_it_reads(turn):
    graph = figure_2()
    order = replaced(graph, networks=graph.networks[::turn]).order
    assert sorted(order) == ["n0", "n1", "n2", "n3", "n4"]
    for connection in graph.connections:
        if connection.source in order and connection.target in order:
            assert order.index(connection.source) < order.index(connection.target)


def test_ties_in_the_order_are_broken_by_the_order_in_the_graph():
    graph = figure_2()
    assert graph.order == ("n0", "n1", "n3", "n2", "n4")


def test_a_cycle_has_no_order():
    graph = figure_2()
    looped = replaced(graph, connections=(*graph.connections, Connection(source="n3", target="n1")))
    with pytest.raises(nx.NetworkXUnfeasible):
        _ = looped.order


def test_a_copy_with_other_parts_has_no_cached_values_of_the_original():
    graph = figure_2()
    assert (graph.order, graph.incoming("n3"), graph.digraph.number_of_edges()) != ((), (), 0)
    bare = graph.model_copy(update={"connections": (), "networks": graph.networks[:2]})
    assert (bare.order, bare.incoming("n3"), bare.digraph.number_of_edges()) == (("n0", "n1"), (), 0)
    assert graph.digraph.number_of_edges() == 9


def test_incoming_connections_keep_their_order():
    assert [c.source for c in figure_2().incoming("n1")] == ["i0", "n0"]
    assert figure_2().incoming("i0") == ()


def test_generating_cuts_the_latent_connections():
    graph = figure_2()
    digraph = graph.generating_digraph()
    assert set(graph.digraph.edges) - set(digraph.edges) == {("n0", "n4")}
    assert set(digraph) == set(graph.digraph)


def test_generating_with_a_given_class_cuts_what_predicts_it():
    graph = class_conditioned()
    cut = {("n0", "n4"), ("n3", "n2")}
    assert set(graph.digraph.edges) - set(graph.generating_digraph().edges) == cut
    assert graph.predictors("o2") == ("n2",)


@pytest.mark.parametrize("output", ["o0", "o1", "n2", "x"])
def test_only_a_discrete_output_has_predictors(output):
    assert figure_2().predictors(output) == ()


@pytest.mark.parametrize("indices", [(0, 1, 2), None])
def test_a_network_predicts_a_class_only_if_all_its_variables_reach_the_output_in_order(indices):
    graph = figure_2()
    assert with_part(graph, "connections", 8, indices=indices).predictors("o2") == ("n2",)
    assert with_part(graph, "connections", 8, indices=(0, 2, 1)).predictors("o2") == ()


def test_an_unset_given_class_is_not_in_the_document():
    assert "given" not in figure_2().model_dump()
    document = class_conditioned().model_dump_json()
    assert Graph.model_validate_json(document) == class_conditioned()


def test_equal_graphs_are_equal_and_hash_alike():
    assert figure_2() == figure_2()
    assert len({figure_2(), figure_2()}) == 1
    assert numeric(3) != samples(3)
