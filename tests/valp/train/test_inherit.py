"""Inheritance: a child computes what its parents did, and its new parts learn."""

from random import Random

import pytest
import torch
from torch import nn

from tests.valp.check.test_keys import renamed
from tests.valp.graphs import discrete, numeric, replaced, samples, unit, wired, with_part
from tests.valp.random_graphs import random_graph
from tests.valp.rows import noise_of, rows_of
from tests.valp.test_random_graphs import edited
from valp.check.check import check
from valp.compile.compile import compile
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
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
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.kinds.generic_mlp import GenericMLP
from valp.plan.plan import MODES
from valp.train.fit import fit
from valp.train.inherit import Parent, inherit

BATCH = 9
WIDTHS = {Dense: "units", Recurrent: "units", Convolution: "channels", TransposedConvolution: "channels"}


def trained(graph, seed=1):
    """A module of which each parameter and statistic is a number of its own."""
    module, generator = compile(graph, seed=seed), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                values = 0.3 * torch.randn(tensor.shape, generator=generator)
                tensor.copy_(values.abs() + 0.5 if "var" in name else tensor + values)
            else:
                tensor.fill_(7)
    return module


def child_of(graph, parent_graph, parent, names=None):
    """A module of a graph with the parent's weights, and the networks that received any; by default matched by name."""
    module = compile(graph, seed=2)
    shared = {network.name for network in graph.networks} if names is None else names
    origins = {name: (0, name if names is None else names[name]) for name in shared}
    return module, inherit(module, graph, [Parent(parent_graph, parent.state_dict())], origins)


def assert_same_function(parent, child, graph, **tolerance):
    """In all modes the outputs are the same for the same rows and noise; a child's further noise is its own."""
    dtype = next(parent.parameters()).dtype
    inputs, _ = rows_of(graph, BATCH, dtype=dtype)
    noise, more = noise_of(parent, BATCH, dtype=dtype), noise_of(child, BATCH, seed=5, dtype=dtype)
    for name, fresh in more.items():
        if name in noise:
            more[name] = torch.cat([noise[name], fresh], 1)[:, : fresh.shape[1]]
    tolerance = tolerance or {"rtol": 1e-5, "atol": 1e-5}
    for mode in MODES:
        given = (noise, more) if mode != "predict" else ({}, {})
        before, after = parent(inputs, mode, given[0]), child(inputs, mode, given[1])
        for name in parent.plan.outputs:
            torch.testing.assert_close(after[name], before[name], **tolerance)


def networks_changed(graph, **changes):
    return replaced(graph, networks=tuple(n.model_copy(update=changes.get(n.name, {})) for n in graph.networks))


def connected(graph, *connections, at=0, networks=(), losses=()):
    """The graph with more connections, that come before the others from place `at` on, networks and losses."""
    parts = (*graph.connections[:at], *connections, *graph.connections[at:])
    return replaced(graph, connections=parts, networks=(*graph.networks, *networks), losses=(*graph.losses, *losses))


def dense_base():
    """MLPs of all kinds: `a` is read as latent twice and as it is, whole and in part; a sum and gates read, too."""
    kinds = {"k": ("delta", discrete(3)), "d": ("d", samples(5)), "z": ("b", numeric(5))}
    sizes = {"a": 6, "b": 4, "k": 3, "c": 2, "e": 3, "w": 2, "d": 5, "z": 5, "f": 2}
    combiners = {"e": "addition", "w": "gated_sum"}
    data = [("i0", "b"), ("a", "k"), ("a", "c"), ("a", "v"), ("b", "e"), ("v", "w"), ("b", "w"), ("z", "f")]
    outputs = {"k": discrete(3), "c": numeric(2), "e": numeric(3), "w": numeric(2), "d": samples(5), "f": numeric(2)}
    graph = wired(
        [
            (n, *kinds.get(n, ("g", numeric(s))), combiners.get(n, "concatenation"))
            for n, s in {**sizes, "v": 4}.items()
        ],
        [
            ("i0", "a", Role.DATA, (0, 5, 3)),
            *data,
            ("b", "c", Role.DATA, (3, 1)),
            ("v", "e", Role.DATA, (2, 1, 0)),
            ("a", "d", Role.LATENT),
            ("b", "d", Role.CONDITION),
            ("b", "z", Role.LATENT),
            ("a", "z", Role.LATENT),
            *((name, f"o_{name}") for name in outputs),
        ],
        [(f"o_{name}", made) for name, made in outputs.items()],
        [("mse", f"o_{name}", f"o_{name}") for name in "cewf"]
        + [("cross_entropy", "o_k", "o_k"), ("gaussian", "o_d", "o_d"), ("kl", "a", None), ("kl", "b", None)],
    )
    hidden = (Dense(units=5, activation="relu"), Dense(units=4, activation="tanh", normalise=True))
    return networks_changed(graph, **{n.name: {"layers": hidden} for n in graph.networks if n.kind != "b"})


def layers_changed(change):
    """Every MLP with the layers that `change` makes of its own."""

    def changed(graph):
        return networks_changed(graph, **{n.name: {"layers": change(*n.layers)} for n in graph.networks if n.layers})

    return changed


NEW = PrimaryNetwork(name="new", kind="g", layers=(Dense(units=3),), output=numeric(4))
FROM_INPUT = Connection(source="i0", target="new")
CHANGES = {
    "a new source before the others": lambda g: connected(
        g, FROM_INPUT, *(Connection(source="new", target=target) for target in "ckf"), networks=[NEW]
    ),
    "an input as a new source": lambda g: connected(g, *(Connection(source="i0", target=t) for t in "ckf")),
    "a new condition": lambda g: connected(g, Connection(source="k", target="d", role=Role.CONDITION)),
    "a new latent connection": lambda g: connected(
        g,
        FROM_INPUT,
        Connection(source="new", target="d", role=Role.LATENT),
        networks=[NEW],
        losses=[Loss(kind="kl", prediction="new")],
    ),
    "connections in another order": lambda g: replaced(g, connections=g.connections[::-1]),
    "wider hidden layers": layers_changed(
        lambda x, y: (x.model_copy(update={"units": 9}), y.model_copy(update={"units": 6}))
    ),
    "a wider latent source": lambda g: networks_changed(g, a={"output": numeric(10)}, z={"output": numeric(7)}),
    "an oddly wider latent source": lambda g: networks_changed(g, a={"output": numeric(9)}, z={"output": numeric(6)}),
    "a wider source of a sum and of gates": lambda g: networks_changed(g, v={"output": numeric(9)}),
    "an inserted relu layer": layers_changed(lambda x, y: (x, Dense(units=7), y)),
    "an inserted identity layer at the end": layers_changed(lambda x, y: (x, y, Dense(units=6, activation="identity"))),
    "ψ extended": lambda g: with_part(g, "connections", 0, indices=(4, 0, 5, 1, 3)),
    "all variables where ψ was some": lambda g: with_part(
        with_part(g, "connections", 0, indices=None), "connections", 9, indices=None
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_can_keep_the_function_keeps_it(change):
    graph = dense_base()
    child_graph = change(graph)
    assert child_graph != graph
    parent = trained(graph)
    child, received = child_of(child_graph, graph, parent)
    assert received == {network.name for network in graph.networks} - {"z"}
    assert_same_function(parent, child, graph)
    fresh = compile(child_graph, seed=2)
    with pytest.raises(AssertionError):
        assert_same_function(parent, fresh, graph)


def spatial_base():
    """Convolutions, a recurrent network over channels and steps, and a decoder by transposed convolutions."""
    features = lambda *shape: unit(DataType.FEATURES, *shape)  # noqa: E731
    square = Convolution(channels=3, normalise=True)
    networks = (
        PrimaryNetwork(
            name="p", kind="c", layers=(square, Convolution(channels=2, pool=(2, 1))), output=features(2, 2, 4)
        ),
        PrimaryNetwork(name="q", kind="c", layers=(Convolution(channels=2, pool=(2, 1)),), output=features(2, 2, 4)),
        PrimaryNetwork(
            name="t",
            kind="t",
            layers=(
                TransposedConvolution(channels=3, normalise=True),
                TransposedConvolution(channels=1, kernel=(1, 1), stride=(1, 1), padding=(0, 0)),
            ),
            output=samples(32),
        ),
        PrimaryNetwork(
            name="r",
            kind="r",
            layers=(Recurrent(units=3), Recurrent(units=2, cell="lstm", normalise=True)),
            output=numeric(2),
        ),
        PrimaryNetwork(name="s", kind="r", layers=(Recurrent(units=3),), output=features(2, 5)),
        PrimaryNetwork(name="g", kind="g", output=numeric(3)),
    )
    ends = ["ip", "iq", "pt", "qt", "jr", "js", "sr", "pg", "rg"]
    sinks = {"t": samples(32), "g": numeric(3)}
    return Graph(
        inputs=(Input(name="i", unit=features(2, 4, 4)), Input(name="j", unit=features(2, 5))),
        networks=networks,
        outputs=tuple(Output(name=f"o{name}", unit=made) for name, made in sinks.items()),
        connections=(
            *(Connection(source=s, target=t) for s, t in ends),
            *(Connection(source=name, target=f"o{name}") for name in sinks),
        ),
        losses=(Loss(kind="gaussian", prediction="ot", truth="ot"), Loss(kind="mse", prediction="og", truth="og")),
    )


ONE = {"kernel": (1, 1), "stride": (1, 1), "padding": (0, 0)}
SPATIAL_CHANGES = {
    "wider layers": lambda g: networks_changed(
        g,
        p={
            "layers": tuple(x.model_copy(update={"channels": x.channels + 2}) for x in g.networks[0].layers),
            "output": unit(DataType.FEATURES, 4, 2, 4),
        },
        t={"layers": (g.networks[2].layers[0].model_copy(update={"channels": 5}), g.networks[2].layers[1])},
        r={"layers": (Recurrent(units=5), Recurrent(units=6, cell="lstm", normalise=True))},
        s={"layers": (Recurrent(units=4),), "output": unit(DataType.FEATURES, 4, 5)},
    ),
    "larger kernels": lambda g: networks_changed(
        g, q={"layers": (Convolution(channels=2, kernel=(5, 7), padding=(2, 3), pool=(2, 1)),)}
    ),
    "inserted layers": lambda g: networks_changed(
        g,
        p={"layers": (g.networks[0].layers[0], Convolution(channels=4), g.networks[0].layers[1])},
        t={"layers": (g.networks[2].layers[0], TransposedConvolution(channels=4, **ONE), g.networks[2].layers[1])},
    ),
    "new sources": lambda g: connected(
        g,
        Connection(source="i", target="new"),
        Connection(source="new", target="t"),
        Connection(source="q", target="g"),
        networks=[g.networks[1].model_copy(update={"name": "new"})],
    ),
}


@pytest.mark.parametrize("change", SPATIAL_CHANGES.values(), ids=SPATIAL_CHANGES)
def test_channels_and_states_keep_the_function(change):
    graph = spatial_base()
    child_graph, parent = change(graph), trained(graph)
    child, received = child_of(child_graph, graph, parent)
    assert received == {network.name for network in graph.networks}
    assert_same_function(parent, child, graph)


ESTIMATED = ".factor"
"""The spread of a likelihood: a child's own training estimates it anew."""


def test_the_same_graph_is_the_same_bit_for_bit_under_any_names():
    for graph in map(random_graph, range(60)):
        parent = trained(graph)
        names = {network.name: f"{network.name}_again" for network in graph.networks}
        other = renamed(graph, names)
        same, received = child_of(graph, graph, parent)
        again, _ = child_of(other, graph, parent, {new: old for old, new in names.items()})
        for child in (same, again):
            state = zip(child.state_dict().items(), parent.state_dict().values(), strict=True)
            assert all(torch.equal(ours, theirs) for (key, ours), theirs in state if not key.endswith(ESTIMATED))
        assert_same_function(parent, same, graph, rtol=0, atol=0)
        weights = {key.split(".")[1].split("-")[0] for key in parent.state_dict()}
        assert received == weights & set(names)


def grown(graph, random):
    """A random graph with wider and inserted layers, and new networks and connections into concatenations."""
    for place, network in enumerate(graph.networks):
        mlp = network.kind in ("g", "delta", "d")
        layers = [
            x.model_copy(update={WIDTHS[type(x)]: getattr(x, WIDTHS[type(x)]) + random.randint(0, 2)})
            for x in network.layers
        ]
        if not mlp and network.kind != "r":
            layers[-1:] = network.layers[-1:]
        for at in range(len(layers), 0, -1) if mlp else ():
            able = (
                ["identity", "relu"] if layers[at - 1].activation in ("relu", "softplus", "sigmoid") else ["identity"]
            )
            if random.random() < 0.5:
                units = layers[at - 1].units + random.randint(0, 2)
                layers.insert(at, Dense(units=units, activation=random.choice(able)))
        graph = with_part(graph, "networks", place, layers=tuple(layers))
        readers = [c for c in graph.connections if c.source == network.name]
        merging = {n.name: n.combiner == "concatenation" and n.kind != "r" for n in graph.networks}
        # A latent connection from the whole of a source cannot keep its halves where others pin the variables.
        if network.kind == "g" and all(c.indices is None and merging.get(c.target) for c in readers):
            graph = able_or(
                graph,
                with_part(
                    graph,
                    "networks",
                    place,
                    output=unit(network.output.type, network.output.size + random.randint(1, 3)),
                ),
            )
        if network.kind in ("b", "r") or network.combiner != "concatenation":
            continue
        role = Role.CONDITION if network.kind == "d" else Role.DATA
        new = NEW.model_copy(update={"name": f"x{place}"})
        into = Connection(source=new.name, target=network.name, role=random.choice([role, Role.LATENT]))
        parts = [into, Connection(source=random.choice(graph.inputs).name, target=new.name)]
        losses = [Loss(kind="kl", prediction=new.name)] if into.role is Role.LATENT else []
        at = random.randrange(len(graph.connections))
        graph = able_or(graph, connected(graph, *parts, at=at, networks=[new], losses=losses))
        old = Connection(source=random.choice(graph.components).name, target=network.name, role=role)
        graph = able_or(graph, connected(graph, old, at=at))
    return graph


def able_or(graph, other):
    return other if check(other).passed else graph


@pytest.mark.parametrize("count", [150, pytest.param(2000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_random_graphs_that_grow_compute_what_they_did(count):
    changed = 0
    for seed in range(count):
        graph = random_graph(seed)
        larger = grown(graph, Random(seed))
        assert check(larger).passed
        changed += larger != graph
        parent = trained(graph)
        child, _ = child_of(larger, graph, parent)
        # Statistics of a batch that hardly differs within magnify what rounds: hence double.
        assert_same_function(parent.double(), child.double(), graph, rtol=1e-7, atol=1e-7)
    assert changed > 0.7 * count


@pytest.mark.parametrize("count", [150, pytest.param(2000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_any_edit_and_any_origins_of_one_kind_can_be_inherited(count):
    for seed in range(count):
        random, graph = Random(seed), random_graph(seed)
        other = random_graph(seed + 50_000)
        changed = graph
        for _ in range(4):
            whole = changed.networks and changed.outputs and changed.connections
            changed = able_or(changed, edited(changed, random)) if whole else changed
        changed = able_or(changed, grown(changed, random))
        parents = [Parent(x, trained(x).state_dict()) for x in (graph, other)]
        there = [(i, n) for i, parent in enumerate(parents) for n in parent.graph.networks]
        child = compile(changed, seed=3)
        shapes = {name: tensor.shape for name, tensor in child.state_dict().items()}
        origins = {n.name: (i, o.name) for n in changed.networks for i, o in random.sample(there, len(there))}
        received = inherit(child, changed, parents, origins)
        assert {name: tensor.shape for name, tensor in child.state_dict().items()} == shapes
        kinds = {(i, n.name): n.kind for i, n in there}
        assert received <= {n.name for n in changed.networks if kinds[origins[n.name]] == n.kind}
        assert received >= {n.name for n in changed.networks if kinds[origins[n.name]] == n.kind in ("g", "delta", "d")}
        values = child(rows_of(changed, BATCH)[0], "train")
        assert all(value.isfinite().all() for value in values.values())


def test_each_half_of_a_crossover_computes_what_its_parent_did():
    graph = dense_base()
    parents = [trained(graph, seed) for seed in (1, 2)]
    names = [
        {n.name: f"{n.name}{side}" for n in graph.networks} | {o.name: f"{o.name}{side}" for o in graph.outputs}
        for side in "xy"
    ]
    halves = [renamed(graph, these) for these in names]
    both = replaced(
        halves[0],
        **{
            part: getattr(halves[0], part) + getattr(halves[1], part)
            for part in ("networks", "outputs", "connections", "losses")
        },
    )
    both = connected(both, Connection(source="ax", target="cy"), Connection(source="vy", target="kx"))
    child = compile(both, seed=3)
    given = [Parent(graph, parent.state_dict()) for parent in parents]
    origins = {these[n.name]: (side, n.name) for side, these in enumerate(names) for n in graph.networks}
    assert inherit(child, both, given, origins) == origins.keys() - {"zx", "zy"}
    inputs, _ = rows_of(graph, BATCH)
    noise = noise_of(parents[0], BATCH)
    for mode in MODES:
        given_noise = noise if mode != "predict" else {}
        split = {
            "->".join(these[end] for end in name.split("->")): z for these in names for name, z in given_noise.items()
        }
        after = child(inputs, mode, split)
        for parent, these in zip(parents, names, strict=True):
            before = parent(inputs, mode, given_noise)
            for output in graph.outputs:
                torch.testing.assert_close(after[these[output.name]], before[output.name], rtol=1e-5, atol=1e-5)


def test_new_parts_learn():
    graph = dense_base()
    wider = CHANGES["a new source before the others"](CHANGES["wider hidden layers"](graph))
    child, _ = child_of(wider, graph, trained(graph))
    inputs, truths = rows_of(wider, 50)
    child.losses(inputs, truths, noise_of(child, 50))[0].backward()
    columns = child.layers["c-0"].weight
    assert not columns[:5, :4].any()
    assert columns.grad[:5, :4].any(0).all()
    assert not child.layers["c-1"].weight[:4, 5:].any()
    assert child.layers["c-1"].weight.grad[:4, 5:].any()
    before = {name: tensor.clone() for name, tensor in child.state_dict().items()}
    fit(child, inputs, truths, steps=5)
    for name, tensor in child.state_dict().items():
        if name.startswith("layers.new-0") or name in ("layers.c-0.weight", "layers.c-1.weight"):
            assert (tensor != before[name]).any(), name
    assert (child.layers["c-0"].weight != before["layers.c-0.weight"])[5:].any()


def test_gates_of_sources_that_stay_are_kept_and_new_ones_start_as_usual():
    graph = dense_base()
    other = connected(graph, Connection(source="a", target="w"))
    parent = trained(graph)
    child, _ = child_of(other, graph, parent)
    gates = child.layers["w-in"].gates
    assert not gates[0].any()
    assert torch.equal(gates[1:], parent.layers["w-in"].gates)


def test_gates_of_an_output_are_matched_by_its_name():
    graph = with_part(dense_base(), "outputs", 1, combiner="gated_sum")
    graph = connected(graph, Connection(source="f", target="o_c"))
    parent = trained(graph)
    child, _ = child_of(replaced(graph, connections=graph.connections[::-1]), graph, parent)
    assert torch.equal(child.layers["o_c-in"].gates, parent.layers["o_c-in"].gates.flip(0))


def test_fewer_units_and_layers_are_the_first_ones_and_those_of_the_same_activation():
    graph = dense_base()
    x, y = graph.networks[0].layers
    parent = trained(graph)
    child, _ = child_of(networks_changed(graph, a={"layers": (x.model_copy(update={"units": 3}), y)}), graph, parent)
    assert torch.equal(child.layers["a-0"].weight, parent.layers["a-0"].weight[:3])
    assert torch.equal(child.layers["a-1"].weight, parent.layers["a-1"].weight[:, :3])
    child, _ = child_of(networks_changed(graph, a={"layers": (y,)}), graph, parent)
    assert torch.equal(child.layers["a-0"].bias, parent.layers["a-1"].bias)
    assert torch.equal(child.layers["a-0-norm"].running_var, parent.layers["a-1-norm"].running_var)
    assert torch.equal(child.layers["a-1"].weight, parent.layers["a-2"].weight)


def test_an_origin_that_is_missing_or_of_another_kind_is_ignored():
    graph = dense_base()
    child, fresh = compile(graph, seed=2), compile(graph, seed=2)
    origins = {"a": (0, "k"), "b": (0, "nobody"), "c": (3, "c"), "nobody": (0, "a"), "e": (-1, "e")}
    assert inherit(child, graph, [Parent(graph, trained(graph).state_dict())], origins) == frozenset()
    assert all(map(torch.equal, child.state_dict().values(), fresh.state_dict().values()))


class Gated(GenericMLP):
    """A kind of another package, with a module of its own."""

    code, layer, last_layer = "gated", None, False

    def lower(self, network, lowering):
        source, size = lowering.merged(network)
        lowering.apply(network, [source], lambda: nn.Linear(size, network.output.size))


def test_a_module_of_another_package_gives_the_tensors_of_the_same_shape(monkeypatch):
    monkeypatch.setitem(KINDS.rows, "gated", Gated())
    graph = networks_changed(dense_base(), c={"kind": "gated", "layers": ()}, v={"kind": "gated", "layers": ()})
    parent = trained(graph)
    child, received = child_of(connected(graph, Connection(source="i0", target="c")), graph, parent)
    assert {"c", "v"} <= received
    assert torch.equal(child.layers["v-own"].weight, parent.layers["v-own"].weight)
    assert torch.equal(child.layers["c-own"].bias, parent.layers["c-own"].bias)
    assert child.layers["c-own"].weight.shape == (2, 14)


def test_a_child_of_a_trained_parent_starts_at_its_loss(digits_problem):
    train = digits_problem.train
    graph = wired(
        [
            ("a", "g", numeric(12), "concatenation"),
            ("k", "delta", discrete(10), "concatenation"),
            ("h", "g", numeric(4), "concatenation"),
        ],
        [("pixels", "a"), ("a", "k"), ("a", "h"), ("k", "digit"), ("h", "stroke")],
        [("digit", discrete(10)), ("stroke", numeric(4))],
        [("cross_entropy", "digit", "digit"), ("mse", "stroke", "stroke")],
        inputs=[("pixels", 64)],
    )
    inputs = {"pixels": train.inputs["pixels"].flatten(1)}
    truths = {name: train.truths[name] for name in ("digit", "stroke")}
    parent = compile(graph, seed=1)
    fit(parent, inputs, truths, steps=300, learning_rate=3e-3)
    new = connected(
        graph,
        Connection(source="pixels", target="new"),
        Connection(source="new", target="k"),
        Connection(source="new", target="h"),
        networks=[NEW],
    )
    child, _ = child_of(new, graph, parent)
    loss, start, fresh = (x.losses(inputs, truths)[0].item() for x in (parent, child, compile(new, seed=2)))
    assert start == pytest.approx(loss, abs=1e-4)
    assert fresh > loss + 1
    fit(child, inputs, truths, steps=100, learning_rate=3e-3)
    assert child.losses(inputs, truths)[0].item() < loss


def test_every_combiner_is_inherited():
    for combiner in COMBINERS:
        graph = networks_changed(dense_base(), c={"combiner": combiner}, k={"combiner": combiner})
        other = networks_changed(graph, c={"combiner": "product"})
        parent = trained(graph)
        assert_same_function(parent, child_of(graph, graph, parent)[0], graph, rtol=0, atol=0)
        assert "c" in child_of(other, graph, parent)[1]
