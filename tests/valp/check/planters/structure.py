"""Planters of the rules on components, the digraph and ψ."""

import networkx as nx

from tests.valp.check.planters.base import Planter, changed, flat, kept, more, pick, unit_of, with_indices, with_unit
from valp.graph.graph import (
    Connection,
    DataType,
    DataUnit,
    Input,
    Output,
    PrimaryNetwork,
    Recurrent,
)


def interface(graph, random):
    return graph.model_copy(update={random.choice(["inputs", "outputs"]): ()}), "graph"


def unique_name(graph, random):
    name = random.choice(graph.components).name
    return more(graph, *random.choice([
        ("networks", PrimaryNetwork(name=name, kind="g", output=flat(DataType.NUMERIC, 2))),
        ("inputs", Input(name=name, unit=flat(DataType.NUMERIC, 2))),
        ("outputs", Output(name=name, unit=flat(DataType.NUMERIC, 2))),
    ])), name  # fmt: skip


def shape(graph, random):
    name = random.choice(graph.components).name
    unit = unit_of(graph, name)
    shape = (unit.size,) if unit.type is DataType.FEATURES else (1, unit.size)
    return with_unit(graph, name, DataUnit(type=unit.type, shape=shape)), name


def known_word(graph, random):
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


def source(graph, random):
    source, target = random.choice(["nobody", graph.outputs[0].name]), random.choice(graph.networks).name
    return more(graph, "connections", Connection(source=source, target=target)), f"{source}->{target}"


def target(graph, random):
    source, target = random.choice(graph.networks).name, random.choice(["nobody", graph.inputs[0].name])
    return more(graph, "connections", Connection(source=source, target=target)), f"{source}->{target}"


def output_from_network(graph, random):
    source, target = random.choice(graph.inputs).name, random.choice(graph.outputs).name
    return more(graph, "connections", Connection(source=source, target=target)), f"{source}->{target}"


def one_connection(graph, random):
    again = random.choice(graph.connections)
    return more(graph, "connections", again), again.name


def acyclic(graph, random):
    late = random.choice(graph.networks).name
    early = pick(random, sorted({late, *nx.ancestors(graph.digraph, late)} - {i.name for i in graph.inputs}))
    looped = more(graph, "connections", Connection(source=late, target=early))
    cycle = next(c for c in nx.strongly_connected_components(looped.digraph) if late in c)
    return looped, min(cycle)


def fed(graph, random):
    name = random.choice([*graph.networks, *graph.outputs]).name
    return kept(graph, "connections", lambda c: c.target != name), name


def used(graph, random):
    name = random.choice([*graph.networks, *graph.inputs]).name
    return kept(graph, "connections", lambda c: c.source != name), name


def psi_empty(graph, random):
    return with_indices(graph, random.choice(graph.connections), ())


def psi_range(graph, random):
    victim = random.choice(graph.connections)
    indices = list(victim.indices or range(unit_of(graph, victim.source).size))
    indices[random.randrange(len(indices))] = random.choice([-1, unit_of(graph, victim.source).size])
    return with_indices(graph, victim, indices)


def psi_distinct(graph, random):
    victim = random.choice(graph.connections)
    indices = list(victim.indices or range(unit_of(graph, victim.source).size))
    return with_indices(graph, victim, [*indices, random.choice(indices)])


STRUCTURE: dict[str, Planter] = {
    "interface": interface,
    "unique-name": unique_name,
    "shape": shape,
    "known-word": known_word,
    "source": source,
    "target": target,
    "output-from-network": output_from_network,
    "one-connection": one_connection,
    "acyclic": acyclic,
    "fed": fed,
    "used": used,
    "psi-empty": psi_empty,
    "psi-range": psi_range,
    "psi-distinct": psi_distinct,
}
