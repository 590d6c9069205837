"""Keys: graphs that differ only in names and meaningless order have one key, and graphs of two meanings have two."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.valp.graphs import any_graphs, class_conditioned, discrete, figure_2, numeric, replaced, samples, with_part
from valp.check.keys import content_key, structure_key
from valp.graph.graph import (
    Connection,
    Convolution,
    Dense,
    Graph,
    Input,
    Loss,
    Output,
    PrimaryNetwork,
    Recurrent,
    Role,
    TransposedConvolution,
)


def renamed(graph, names):
    """The graph under other names."""

    def new(value):
        return value if value is None else names.get(value, value)

    def swap(parts, *fields):
        return tuple(part.model_copy(update={f: new(getattr(part, f)) for f in fields}) for part in parts)

    return Graph(
        inputs=swap(graph.inputs, "name"),
        networks=swap(graph.networks, "name"),
        outputs=swap(graph.outputs, "name"),
        connections=swap(graph.connections, "source", "target"),
        losses=swap(graph.losses, "prediction", "truth"),
    )


def names_of(graph):
    ends = [end for c in graph.connections for end in (c.source, c.target)]
    judged = [name for loss in graph.losses for name in (loss.prediction, loss.truth) if name]
    return sorted({component.name for component in graph.components} | set(ends) | set(judged))


def disguised(graph, draw):
    """Other names, another order of networks and losses, another order of connections into different targets."""
    old = names_of(graph)
    graph = renamed(graph, dict(zip(old, draw(st.permutations([f"x{i}" for i in range(len(old))])), strict=True)))
    by_target = {}
    for connection in graph.connections:
        by_target.setdefault(connection.target, []).append(connection)
    targets = draw(st.permutations([c.target for c in graph.connections]))
    return replaced(
        graph,
        networks=tuple(draw(st.permutations(graph.networks))),
        connections=tuple(by_target[target].pop(0) for target in targets),
        losses=tuple(draw(st.permutations(graph.losses))),
    )


@given(any_graphs(), st.data())
def test_names_and_meaningless_order_do_not_count(graph, data):
    other = disguised(graph, data.draw)
    assert content_key(other) == content_key(graph)
    assert structure_key(other) == structure_key(graph)


@given(st.data())
def test_names_and_meaningless_order_do_not_count_in_figure_2(data):
    assert content_key(disguised(figure_2(), data.draw)) == content_key(figure_2())


def test_the_order_of_networks_of_one_name_does_not_count():
    networks = tuple(PrimaryNetwork(name="a", kind="g", output=numeric(size)) for size in (1, 2))
    connection = Connection(source="a", target="y", indices=(0,))
    keys = {
        content_key(Graph(inputs=(), networks=order, outputs=(), connections=(connection,), losses=()))
        for order in (networks, networks[::-1])
    }
    assert len(keys) == 1


def test_a_key_is_a_sha256_in_hex():
    assert len(content_key(figure_2())) == 64
    assert int(content_key(figure_2()), 16)


def test_keys_are_the_same_in_every_version():
    # Ledgers hold keys: after a change here no recorded key would be found.
    assert content_key(figure_2()) == "9a9476ff0a7c27a73fca9c026e426d30b0858a26eff92a154ed6c7fe6ae8a915"
    assert structure_key(figure_2()) == "6c819e566a0f698c7f4742d05b5657f0a956859fe1a75e5031e4fbb518bb8759"


DENSE = figure_2().networks[4].layers
CHANGES = {
    "input type": ("inputs", 0, {"unit": samples(10)}),
    "input size": ("inputs", 0, {"unit": numeric(11)}),
    "kind": ("networks", 1, {"kind": "delta"}),
    "combiner": ("networks", 1, {"combiner": "addition"}),
    "units": ("networks", 4, {"layers": (Dense(units=6), Dense(units=8))}),
    "layer order": ("networks", 4, {"layers": DENSE[::-1]}),
    "layer count": ("networks", 4, {"layers": DENSE[:1]}),
    "activation": ("networks", 0, {"layers": (Dense(units=8, activation="elu"),)}),
    "hidden initializer": ("networks", 0, {"layers": (Dense(units=8, initializer="normal"),)}),
    "normalisation": ("networks", 0, {"layers": (Dense(units=8, normalise=True),)}),
    "form of layer": ("networks", 0, {"layers": (Recurrent(units=8),)}),
    "last initializer": ("networks", 0, {"initializer": "normal"}),
    "network size": ("networks", 0, {"output": numeric(8)}),
    "network type": ("networks", 0, {"output": samples(7)}),
    "output type": ("outputs", 0, {"unit": numeric(5)}),
    "output combiner": ("outputs", 0, {"combiner": "concatenation"}),
    "output size": ("outputs", 2, {"unit": discrete(4)}),
    "psi": ("connections", 0, {"indices": (0, 2, 5, 6, 8)}),
    "psi order": ("connections", 0, {"indices": (2, 0, 5, 6, 7)}),
    "psi of all": ("connections", 0, {"indices": None}),
    "psi of none": ("connections", 0, {"indices": ()}),
    "role": ("connections", 3, {"role": Role.CONDITION}),
    "source": ("connections", 5, {"source": "n1"}),
    "target": ("connections", 5, {"target": "n1"}),
    "loss": ("losses", 1, {"kind": "huber"}),
    "prediction": ("losses", 1, {"prediction": "n1"}),
    "truth": ("losses", 1, {"truth": "o0"}),
    "no truth": ("losses", 1, {"truth": None}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_meaning_changes_both_keys(change):
    part, place, fields = CHANGES[change]
    changed = with_part(figure_2(), part, place, **fields)
    assert changed != figure_2()
    assert content_key(changed) != content_key(figure_2())
    assert structure_key(changed) != structure_key(figure_2())


SPATIAL = {"kernel": (2, 2), "stride": (3, 3), "padding": (2, 2), "activation": "elu", "initializer": "normal"}
LAYER_CHANGES = [
    *((Convolution(channels=2), {name: value}) for name, value in (SPATIAL | {"channels": 3, "pool": (2, 2)}).items()),
    *((TransposedConvolution(channels=2), {name: value}) for name, value in (SPATIAL | {"channels": 3}).items()),
    *((Recurrent(units=2), fields) for fields in ({"units": 3}, {"cell": "lstm"}, {"initializer": "normal"})),
    *((form(channels=2), {"normalise": True}) for form in (Convolution, TransposedConvolution)),
    (Recurrent(units=2), {"normalise": True}),
]


@pytest.mark.parametrize(("layer", "fields"), LAYER_CHANGES)
def test_every_field_of_a_layer_counts(layer, fields):
    graphs = [with_part(figure_2(), "networks", 0, layers=(x,)) for x in (layer, layer.model_copy(update=fields))]
    assert content_key(graphs[0]) != content_key(graphs[1])


def test_layers_of_two_forms_with_the_same_numbers_have_two_keys():
    common = {"channels": 2, "kernel": (3, 3), "stride": (1, 1), "padding": (0, 0)}
    forms = (Convolution(**common), TransposedConvolution(**common))
    keys = {content_key(with_part(figure_2(), "networks", 0, layers=(form,))) for form in forms}
    assert len(keys) == 2


@pytest.mark.parametrize("part", ["inputs", "networks", "outputs", "connections", "losses"])
def test_every_part_counts(part):
    graph = figure_2()
    keys = {content_key(graph)}
    for place in range(len(getattr(graph, part))):
        parts = list(getattr(graph, part))
        del parts[place]
        keys.add(content_key(replaced(graph, **{part: tuple(parts)})))
    assert len(keys) == 1 + len(getattr(graph, part))


def test_a_given_class_counts():
    graph = class_conditioned()
    free = graph.model_copy(update={"given": ()})
    assert content_key(graph) != content_key(free)
    assert structure_key(graph) != structure_key(free)


def test_the_order_of_given_classes_counts():
    """A prior by class is chosen by the first of them."""
    graph = class_conditioned()
    orders = [("o2", "o1"), ("o1", "o2"), ("o1",), ("o2",)]
    keys = {given: content_key(graph.model_copy(update={"given": given})) for given in orders}
    assert len({*keys.values()}) == 4
    assert content_key(graph.model_copy(update={"given": ("o2", "o1", "o2")})) == keys["o2", "o1"]
    assert keys["o2",] == content_key(graph)


def test_beta_counts_in_the_content_key_only():
    changed = with_part(figure_2(), "losses", 3, beta=0.25)
    assert content_key(changed) != content_key(figure_2())
    assert structure_key(changed) == structure_key(figure_2())


def test_a_beta_belongs_to_its_loss():
    one = with_part(with_part(figure_2(), "losses", 0, beta=0.9), "losses", 1, beta=0.8)
    assert content_key(one) != content_key(figure_2())


def test_inputs_and_outputs_are_distinguished_by_position():
    graph = meeting("concatenation")
    assert content_key(replaced(graph, inputs=graph.inputs[::-1])) != content_key(graph)
    graph = figure_2()
    assert content_key(replaced(graph, outputs=graph.outputs[::-1])) != content_key(graph)


def meeting(combiner):
    """Two inputs that meet at one network."""
    return Graph(
        inputs=(Input(name="i0", unit=numeric(4)), Input(name="i1", unit=numeric(4))),
        networks=(PrimaryNetwork(name="n0", kind="g", combiner=combiner, output=numeric(2)),),
        outputs=(Output(name="o0", unit=numeric(2)),),
        connections=(
            Connection(source="i0", target="n0"),
            Connection(source="i1", target="n0"),
            Connection(source="n0", target="o0"),
        ),
        losses=(Loss(kind="mse", prediction="o0", truth="o0"),),
    )


@pytest.mark.parametrize(
    ("combiner", "same"),
    [
        ("addition", True),
        ("mean", True),
        ("product", True),
        ("gated_sum", True),
        ("concatenation", False),
        ("maximum", False),
    ],
)
def test_the_order_of_arrivals_counts_if_the_combiner_depends_on_it(combiner, same):
    graph = meeting(combiner)
    first, second, last = graph.connections
    assert (content_key(replaced(graph, connections=(second, first, last))) == content_key(graph)) is same
    assert content_key(replaced(graph, connections=(last, first, second))) == content_key(graph)


@pytest.mark.parametrize("combiner", ["addition", "concatenation"])
def test_all_indices_in_order_mean_the_same_as_no_indices(combiner):
    graph = meeting(combiner)
    assert content_key(with_part(graph, "connections", 0, indices=(0, 1, 2, 3))) == content_key(graph)
    assert content_key(with_part(graph, "connections", 0, indices=(0, 1, 3, 2))) != content_key(graph)


def chains(count, length):
    """Identical independent chains of networks between one input and one output; of length 1 they are twins."""
    names = [[f"n{chain}_{step}" for step in range(length)] for chain in range(count)]
    paths = [["i", *chain, "o"] for chain in names]
    return Graph(
        inputs=(Input(name="i", unit=numeric(4)),),
        networks=tuple(PrimaryNetwork(name=name, kind="g", output=numeric(4)) for chain in names for name in chain),
        outputs=(Output(name="o", unit=numeric(4)),),
        connections=tuple(
            Connection(source=source, target=target) for path in paths for source, target in pairwise(path)
        ),
        losses=(Loss(kind="mse", prediction="o", truth="o"),),
    )


@pytest.mark.parametrize(("count", "length"), [(20, 1), (60, 1), (10, 2), (8, 4)])
def test_many_identical_networks_need_no_search(count, length):
    graph = chains(count, length)
    key = content_key(graph)  # a search through the orders of equal networks would not end
    assert content_key(replaced(graph, networks=graph.networks[::-1])) == key
    assert content_key(with_part(graph, "networks", 3, initializer="normal")) != key
