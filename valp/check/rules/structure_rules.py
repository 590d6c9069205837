"""Rules on components, the digraph (V, A) and ψ (Garciarena et al., Defs. 4 to 6)."""

from collections import Counter
from collections.abc import Collection, Iterator

import networkx as nx

from valp.check.rules.facts import Facts, Finding, Rule
from valp.graph.graph import DataType
from valp.graph.vocabulary import INITIALIZERS
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.own_types import OWN_TYPES, like
from valp.parts.priors import PRIORS


def _interface(facts: Facts) -> Iterator[Finding]:
    for what, parts in (("input", facts.graph.inputs), ("output", facts.graph.outputs)):
        if not parts:
            yield "graph", f"no {what}"


def _names(facts: Facts) -> Iterator[Finding]:
    for name, count in facts.counts.items():
        if count > 1:
            yield name, f"{count} components"


def _shapes(facts: Facts) -> Iterator[Finding]:
    units = facts.units | {name: output.unit for name, output in facts.outputs.items()}
    for name, unit in units.items():
        if like(unit.type) is not None and (like(unit.type) is DataType.FEATURES) != (len(unit.shape) > 1):
            yield name, f"{unit.type} of shape {unit.shape}"


def _vocabulary(facts: Facts) -> Iterator[Finding]:
    for network in facts.graph.networks:
        words: list[tuple[str, str, Collection[str]]] = []
        words += [("kind", network.kind, KINDS), ("combiner", network.combiner, COMBINERS)]
        words += [word for layer in network.layers for word in layer.words()]
        words += [("initializer", network.initializer, INITIALIZERS), ("prior", network.prior, PRIORS)]
        for what, word, known in words:
            if word not in known:
                yield network.name, f"{what} {word!r}, known are {', '.join(known)}"
    for output in facts.graph.outputs:
        if output.combiner not in COMBINERS:
            yield output.name, f"combiner {output.combiner!r}, known are {', '.join(COMBINERS)}"
    units = facts.units | {name: output.unit for name, output in facts.outputs.items()}
    for name, unit in units.items():
        if like(unit.type) is None:
            yield name, f"type {unit.type!r}, known are {', '.join((*DataType, *OWN_TYPES))}"


def _sources(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        if connection.source not in facts.units:
            what = "a model output" if connection.source in facts.outputs else "not a component"
            yield connection.name, f"{connection.source!r}, which is {what}"


def _targets(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        if connection.target not in facts.targets:
            what = "a model input" if connection.target in facts.units else "not a component"
            yield connection.name, f"{connection.target!r}, which is {what}"


def _straight(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        is_input = connection.source in facts.units and connection.source not in facts.networks
        if is_input and connection.target in facts.outputs:
            yield connection.name, f"input {connection.source!r}"


def _simple(facts: Facts) -> Iterator[Finding]:
    for (source, target), count in Counter((c.source, c.target) for c in facts.graph.connections).items():
        if count > 1:
            yield f"{source}->{target}", f"{count} connections"


def _acyclic(facts: Facts) -> Iterator[Finding]:
    digraph = facts.graph.digraph
    if not nx.is_directed_acyclic_graph(digraph):
        for cycle in nx.strongly_connected_components(digraph):
            loop = sorted(cycle)
            if len(loop) > 1 or digraph.has_edge(loop[0], loop[0]):
                yield loop[0], f"a cycle through {', '.join(loop)}"


def _fed(facts: Facts) -> Iterator[Finding]:
    for name in sorted(facts.targets):
        if not facts.graph.incoming(name):
            yield name, "nothing"


def _used(facts: Facts) -> Iterator[Finding]:
    for name in facts.units:
        if name not in facts.read:
            yield name, "no connection from it"


def _psi_empty(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        if connection.indices is not None and not connection.indices:
            yield connection.name, "no indices"


def _psi_range(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        unit = facts.units.get(connection.source)
        if unit is None or not connection.indices:
            continue
        low, high = min(connection.indices), max(connection.indices)
        if low < 0 or high >= unit.size:
            yield connection.name, f"index {low if low < 0 else high} of a unit of {unit.size} variables"


def _psi_distinct(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        if connection.indices is not None and len(set(connection.indices)) < len(connection.indices):
            index, count = Counter(connection.indices).most_common(1)[0]
            yield connection.name, f"index {index}, {count} times"


STRUCTURE_RULES = (
    Rule("interface", "a VALP has at least one input and one output", _interface),
    Rule("unique-name", "the names of components are unique", _names),
    Rule("shape", "Features have a shape (C, H, W) or (C, T), and every other type is a vector", _shapes),
    Rule("known-word", "types, kinds, combiners, activations, initialisers and priors are known", _vocabulary),
    Rule("source", "a connection starts from a model input or a network", _sources),
    Rule("target", "a connection ends in a network or a model output", _targets),
    Rule("output-from-network", "a model output receives from networks only", _straight),
    Rule("one-connection", "at most one connection joins two components", _simple),
    Rule("acyclic", "the graph has no cycle", _acyclic),
    Rule("fed", "each network and each output receives something", _fed),
    Rule("used", "each input and each network is read by something", _used),
    Rule("psi-empty", "a connection transports at least one variable", _psi_empty),
    Rule("psi-range", "ψ names variables that the source has", _psi_range),
    Rule("psi-distinct", "ψ names each variable at most once", _psi_distinct),
)
