"""One planter for each rule: it breaks the rule in a graph that keeps it, and says where."""

from collections.abc import Callable
from random import Random

import networkx as nx

from valp.graph import (
    Connection,
    Convolution,
    DataType,
    DataUnit,
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
from valp.kinds import KINDS
from valp.losses import KL, LOSSES

Planted = tuple[Graph, str]
"""The broken graph, and the component where it is broken."""

PLANTERS: dict[str, Callable[[Graph, Random], Planted | None]] = {}
"""By rule; None where the graph has no place for its violation."""


def plants(code):
    def register(planter):
        PLANTERS[code] = planter
        return planter

    return register


def changed(graph, part, old, **fields):
    """The graph with one of its parts changed."""
    parts = [item.model_copy(update=fields) if item is old else item for item in getattr(graph, part)]
    return graph.model_copy(update={part: tuple(parts)})


def more(graph, part, *items):
    return graph.model_copy(update={part: (*getattr(graph, part), *items)})


def kept(graph, part, keep):
    return graph.model_copy(update={part: tuple(item for item in getattr(graph, part) if keep(item))})


def pick(random, items):
    items = list(items)
    return random.choice(items) if items else None


def network(graph, name):
    return next((x for x in graph.networks if x.name == name), None)


def unit_of(graph, name):
    found = next(x for x in graph.components if x.name == name)
    return found.output if isinstance(found, PrimaryNetwork) else found.unit


def with_unit(graph, name, unit):
    """The graph with another unit of a component."""
    for part, field in (("inputs", "unit"), ("networks", "output"), ("outputs", "unit")):
        for item in getattr(graph, part):
            if item.name == name:
                return changed(graph, part, item, **{field: unit})
    raise AssertionError(name)


def flat(type_, size):
    """A unit of a type; Features have pixels of one channel each."""
    return DataUnit(type=type_, shape=(size, 1, 1) if type_ is DataType.FEATURES else (size,))


def of_type(graph, name, type_):
    """The graph with a component's unit of another type and the same size."""
    return with_unit(graph, name, flat(type_, unit_of(graph, name).size))


@plants("interface")
def _(graph, random):
    return graph.model_copy(update={random.choice(["inputs", "outputs"]): ()}), "graph"


@plants("unique-name")
def _(graph, random):
    name = random.choice(graph.components).name
    return more(graph, *random.choice([
        ("networks", PrimaryNetwork(name=name, kind="g", output=flat(DataType.NUMERIC, 2))),
        ("inputs", Input(name=name, unit=flat(DataType.NUMERIC, 2))),
        ("outputs", Output(name=name, unit=flat(DataType.NUMERIC, 2))),
    ])), name  # fmt: skip


@plants("shape")
def _(graph, random):
    name = random.choice(graph.components).name
    unit = unit_of(graph, name)
    shape = (unit.size,) if unit.type is DataType.FEATURES else (1, unit.size)
    return with_unit(graph, name, DataUnit(type=unit.type, shape=shape)), name


@plants("known-word")
def _(graph, random):
    victim, output = random.choice(graph.networks), random.choice(graph.outputs)
    wordy = [x for x in victim.layers if not isinstance(x, Recurrent)]
    changes = [
        (changed(graph, "networks", victim, kind="x"), victim.name),
        (changed(graph, "networks", victim, combiner="maximum"), victim.name),
        (changed(graph, "networks", victim, initializer="zeros"), victim.name),
        (changed(graph, "outputs", output, combiner="maximum"), output.name),
        (with_unit(graph, output.name, DataUnit(type="mystery", shape=(2,))), output.name),
    ]
    for field, layers in (("activation", wordy), ("initializer", victim.layers)):
        if layers:
            bad = layers[0].model_copy(update={field: "unheard"})
            changes.append((changed(graph, "networks", victim, layers=(bad, *victim.layers[1:])), victim.name))
    return random.choice(changes)


@plants("source")
def _(graph, random):
    source, target = random.choice(["nobody", graph.outputs[0].name]), random.choice(graph.networks).name
    return more(graph, "connections", Connection(source=source, target=target)), f"{source}->{target}"


@plants("target")
def _(graph, random):
    source, target = random.choice(graph.networks).name, random.choice(["nobody", graph.inputs[0].name])
    return more(graph, "connections", Connection(source=source, target=target)), f"{source}->{target}"


@plants("output-from-network")
def _(graph, random):
    source, target = random.choice(graph.inputs).name, random.choice(graph.outputs).name
    return more(graph, "connections", Connection(source=source, target=target)), f"{source}->{target}"


@plants("one-connection")
def _(graph, random):
    again = random.choice(graph.connections)
    return more(graph, "connections", again), again.name


@plants("acyclic")
def _(graph, random):
    late = random.choice(graph.networks).name
    early = pick(random, sorted({late, *nx.ancestors(graph.digraph, late)} - {i.name for i in graph.inputs}))
    looped = more(graph, "connections", Connection(source=late, target=early))
    cycle = next(c for c in nx.strongly_connected_components(looped.digraph) if late in c)
    return looped, min(cycle)


@plants("fed")
def _(graph, random):
    name = random.choice([*graph.networks, *graph.outputs]).name
    return kept(graph, "connections", lambda c: c.target != name), name


@plants("used")
def _(graph, random):
    name = random.choice([*graph.networks, *graph.inputs]).name
    return kept(graph, "connections", lambda c: c.source != name), name


def with_indices(graph, connection, indices):
    return changed(graph, "connections", connection, indices=tuple(indices)), connection.name


@plants("psi-empty")
def _(graph, random):
    return with_indices(graph, random.choice(graph.connections), ())


@plants("psi-range")
def _(graph, random):
    victim = random.choice(graph.connections)
    indices = list(victim.indices or range(unit_of(graph, victim.source).size))
    indices[random.randrange(len(indices))] = random.choice([-1, unit_of(graph, victim.source).size])
    return with_indices(graph, victim, indices)


@plants("psi-distinct")
def _(graph, random):
    victim = random.choice(graph.connections)
    indices = list(victim.indices or range(unit_of(graph, victim.source).size))
    return with_indices(graph, victim, [*indices, random.choice(indices)])


@plants("role")
def _(graph, random):
    victim = random.choice(graph.connections)
    target = network(graph, victim.target)
    known = set(KINDS[target.kind].takes) if target else {Role.DATA}
    role = random.choice(sorted(set(Role) - known))
    return changed(graph, "connections", victim, role=role), victim.name


@plants("takes")
def _(graph, random):
    able = []
    for connection in graph.connections:
        target = network(graph, connection.target)
        if target:
            refused = set(DataType) - KINDS[target.kind].takes[connection.role]
            able += [(connection, type_) for type_ in sorted(refused) if type_ is not DataType.FEATURES]
    if not able:
        return None
    connection, type_ = random.choice(able)
    return of_type(graph, connection.source, type_), connection.name


@plants("guaranteed")
def _(graph, random):
    victim = pick(random, [x for x in graph.networks if KINDS[x.kind].needs])
    if victim is None:
        return None
    for connection in graph.incoming(victim.name):
        graph = of_type(graph, connection.source, DataType.DISCRETE)
    return graph, victim.name


@plants("mixture")
def _(graph, random):
    output = random.choice(graph.outputs)
    for connection in graph.incoming(output.name):
        graph = of_type(graph, connection.source, DataType.DISCRETE)
    extra = PrimaryNetwork(name="extra", kind="c", layers=(Convolution(channels=1),), output=flat(DataType.FEATURES, 2))
    end = Connection(source="extra", target=output.name)
    return more(more(graph, "networks", extra), "connections", end), output.name


@plants("produces")
def _(graph, random):
    victim = random.choice(graph.networks)
    made = KINDS[victim.kind].produces(DataType.SAMPLES)
    return of_type(graph, victim.name, random.choice(sorted(set(DataType) - made))), victim.name


@plants("layers")
def _(graph, random):
    victim = random.choice(graph.networks)
    kind = KINDS[victim.kind]
    forms = [Dense(units=2), Convolution(channels=1), TransposedConvolution(channels=1), Recurrent(units=2)]
    layers = [(*victim.layers, layer) for layer in forms if kind.layer is None or not isinstance(layer, kind.layer)]
    layers += [()] if kind.fewest_layers else []
    return changed(graph, "networks", victim, layers=random.choice(layers)), victim.name


@plants("layers-fit")
def _(graph, random):
    victim = pick(random, [x for x in graph.networks if x.kind in ("c", "t")])
    if victim is None:
        return None
    place = random.randrange(len(victim.layers))
    layer = victim.layers[place]
    count = len(layer.kernel)
    misfits = [{"kernel": (99,) * count, "padding": (0,) * count}, {"pool": (99,) * count}]
    misfits = [{"padding": (50,) * count}] if victim.kind == "t" else misfits
    misfits += [{"stride": (1,) * (3 - count)}]
    bad = layer.model_copy(update=random.choice(misfits))
    layers = (*victim.layers[:place], bad, *victim.layers[place + 1 :])
    return changed(graph, "networks", victim, layers=layers), victim.name


@plants("layers-make")
def _(graph, random):
    able = [x for x in graph.networks if not KINDS[x.kind].last_layer]
    sequences = [x for x in graph.networks if x.kind == "r" and x.output.type is DataType.FEATURES]
    victim = pick(random, able + sequences)
    if victim is None:
        return None
    shape = list(victim.output.shape)
    shape[-1] += 1
    return with_unit(graph, victim.name, DataUnit(type=victim.output.type, shape=tuple(shape))), victim.name


@plants("output-type")
def _(graph, random):
    victim = random.choice(graph.outputs)
    return of_type(graph, victim.name, random.choice(sorted(set(DataType) - {victim.unit.type}))), victim.name


@plants("output-size")
def _(graph, random):
    victim = random.choice(graph.outputs)
    shapes = [(victim.unit.shape[0] + 1, *victim.unit.shape[1:])]
    if len(set(victim.unit.shape)) > 1:
        shapes.append(victim.unit.shape[::-1])
    shapes = [shape for shape in shapes if shape != victim.unit.shape]
    return with_unit(graph, victim.name, DataUnit(type=victim.unit.type, shape=random.choice(shapes))), victim.name


@plants("latent-source")
def _(graph, random):
    victim = pick(random, [x for x in graph.networks if Role.LATENT in KINDS[x.kind].takes])
    if victim is None:
        return None
    given = random.choice(graph.inputs).name
    rest = kept(graph, "connections", lambda c: (c.source, c.target) != (given, victim.name))
    planted = Connection(source=given, target=victim.name, role=Role.LATENT)
    return more(rest, "connections", planted), planted.name


@plants("latent-needed")
def _(graph, random):
    victim = pick(random, [x for x in graph.networks if KINDS[x.kind].needs_latent])
    if victim is None:
        return None
    mlps = {x.name for x in graph.networks if x.kind == "g"}
    if random.random() < 0.5:
        for name in sorted(mlps):
            graph = changed(graph, "networks", network(graph, name), kind="r")
        return graph, victim.name
    cut = kept(
        graph, "connections", lambda c: c.target != victim.name or c.role is not Role.LATENT or c.source not in mlps
    )
    return cut, victim.name


@plants("latent-size")
def _(graph, random):
    victim = pick(random, [c for c in graph.connections if c.role is Role.LATENT])
    return None if victim is None else with_indices(graph, victim, (0,))


@plants("loss-known")
def _(graph, random):
    victim = random.choice(graph.losses)
    return changed(graph, "losses", victim, kind="hinge"), victim.prediction


@plants("loss-prediction")
def _(graph, random):
    name = random.choice(["nobody", random.choice(graph.inputs).name])
    return changed(graph, "losses", random.choice(graph.losses), prediction=name), name


@plants("loss-truth")
def _(graph, random):
    victim = random.choice(graph.losses)
    truth = graph.outputs[0].name if victim.kind == KL else random.choice([None, graph.networks[0].name, "nobody"])
    return changed(graph, "losses", victim, truth=truth), victim.prediction


@plants("loss-type")
def _(graph, random):
    victim = random.choice([loss for loss in graph.losses if loss.kind != KL])
    refused = [code for code, loss in LOSSES.items() if unit_of(graph, victim.truth).type not in loss.takes]
    return changed(graph, "losses", victim, kind=random.choice(refused)), victim.prediction


@plants("loss-size")
def _(graph, random):
    victim = random.choice([loss for loss in graph.losses if loss.kind != KL])
    size = unit_of(graph, victim.truth).size
    other = pick(random, [x.name for x in (*graph.networks, *graph.outputs) if unit_of(graph, x.name).size != size])
    return None if other is None else (changed(graph, "losses", victim, prediction=other), other)


@plants("loss-truths")
def _(graph, random):
    victim = random.choice([loss for loss in graph.losses if loss.kind != KL])
    others = [code for code, loss in LOSSES.items() if loss.truth != LOSSES[victim.kind].truth]
    return more(graph, "losses", victim.model_copy(update={"kind": random.choice(others)})), victim.truth


@plants("loss-distinct")
def _(graph, random):
    victim = random.choice(graph.losses)
    return more(graph, "losses", victim.model_copy(update={"beta": 0.25})), victim.prediction


@plants("taught")
def _(graph, random):
    name = random.choice(graph.outputs).name
    if random.random() < 0.5:
        return kept(graph, "losses", lambda loss: loss.truth != name), name
    for loss in [loss for loss in graph.losses if loss.truth == name]:
        graph = changed(graph, "losses", loss, beta=0.0)
    return graph, name


@plants("reached")
def _(graph, random):
    extra = PrimaryNetwork(name="extra", kind="g", output=flat(DataType.NUMERIC, 2))
    dead_end = Connection(source=random.choice(graph.inputs).name, target="extra")
    return more(more(graph, "networks", extra), "connections", dead_end), "extra"


@plants("latent-kl")
def _(graph, random):
    judged = {loss.prediction for loss in graph.losses if loss.kind == KL}
    if judged and random.random() < 0.5:
        name = random.choice(sorted(judged))
        return kept(graph, "losses", lambda loss: (loss.kind, loss.prediction) != (KL, name)), name
    name = pick(random, sorted({x.name for x in graph.networks} - judged))
    return None if name is None else (more(graph, "losses", Loss(kind=KL, prediction=name)), name)
