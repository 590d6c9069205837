"""Keys of graphs: two graphs have the same key if and only if they differ at most in names and in meaningless order.

What has no effect also counts: the combiner of a network with one source, the prior of one without latent variables.

Each name is a vertex of a labelled digraph. Its text describes the components with this name: usually one, or none if
only connections or losses mention the name. The arcs are connections and losses. The canonical order of the vertices
is exact (`valp.graph.labelling`), unlike a Weisfeiler–Lehman hash.
"""

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from valp.graph.graph import Connection, Graph, Output, PrimaryNetwork
from valp.graph.labelling import canonical_labelling
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS


def content_key(graph: Graph) -> str:
    """The SHA-256, in hex, of the canonical JSON of a graph without its components' names, ψ included.

    Inputs and outputs are distinguished by their position, networks by their fields and connections. The order of
    incoming connections counts only if the target's combiner depends on it. `indices=None` and all indices in order
    are the same.
    """
    return _key(graph, unweighted=False)


def structure_key(graph: Graph) -> str:
    """The same as `content_key`, but without the β of the losses."""
    return _key(graph, unweighted=True)


def _key(graph: Graph, *, unweighted: bool) -> str:
    texts: dict[str, list[str]] = {}
    for name, text in _described(graph):
        texts.setdefault(name, []).append(text)
    arcs = list(_transports(graph))
    left_out = {"prediction", "truth", "beta"} if unweighted else {"prediction", "truth"}
    for loss in graph.losses:
        text = _json({"loss": loss.model_dump(mode="json", exclude=left_out)})
        if loss.truth is None:
            texts.setdefault(loss.prediction, []).append(text)
        else:
            arcs.append((loss.prediction, loss.truth, text))
    for source, target, _ in arcs:
        texts.setdefault(source, [])
        texts.setdefault(target, [])

    numbers = {name: number for number, name in enumerate(texts)}
    vertices = [_json(sorted(text)) for text in texts.values()]
    numbered = [(numbers[source], numbers[target], text) for source, target, text in arcs]
    place = canonical_labelling(vertices, numbered)
    document = {
        "schema_version": graph.schema_version,
        "components": sorted(vertices),
        "arcs": sorted((place[source], place[target], text) for source, target, text in numbered),
    }
    return sha256(_json(document).encode()).hexdigest()


def _described(graph: Graph) -> Iterator[tuple[str, str]]:
    """Each component's name, and its other fields as text."""
    for place, model_input in enumerate(graph.inputs):
        yield model_input.name, _json({"input": place, **model_input.model_dump(mode="json", exclude={"name"})})
    for network in graph.networks:
        yield network.name, _json({"network": _network(network)})
    order = {name: rank for rank, name in enumerate(dict.fromkeys(graph.given))}
    for place, output in enumerate(graph.outputs):
        rank = order.get(output.name)
        given = {} if rank is None else {"given": rank or True}  # the first given class chooses a prior by class
        yield output.name, _json({"output": place, **output.model_dump(mode="json", exclude={"name"}), **given})


def _network(network: PrimaryNetwork) -> dict[str, Any]:
    """A network without its name, and without its initialiser if no weights use it. A prior N(0, I) is left out."""
    kind = KINDS.get(network.kind)
    without = {"name", "layers"} if kind is None or kind.last_layer else {"name", "layers", "initializer"}
    document = network.model_dump(mode="json", exclude=without)
    return document | {"layers": [layer.key_document() for layer in network.layers]}


def _transports(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """The source, the target and the other properties of each connection."""
    targets: tuple[PrimaryNetwork | Output, ...] = (*graph.networks, *graph.outputs)
    orderless = {code for code, combiner in COMBINERS.items() if combiner.elementwise}
    ordered = {target.name for target in targets if target.combiner not in orderless}
    sizes: dict[str, int] = {}
    for x in graph.components:  # components of an invalid graph may share a name; their order must not matter then
        size = x.output.size if isinstance(x, PrimaryNetwork) else x.unit.size
        sizes[x.name] = max(size, sizes.get(x.name, 0))
    arrived: Counter[str] = Counter()
    for connection in graph.connections:
        place = arrived[connection.target] if connection.target in ordered else None
        arrived[connection.target] += 1
        text = {"place": place, "role": connection.role, "psi": _psi(connection, sizes.get(connection.source))}
        yield connection.source, connection.target, _json(text)


def _psi(connection: Connection, size: int | None) -> str | None:
    """A digest of ψ, because ψ may be long; None if ψ is all variables of the source in order."""
    indices = connection.indices
    if indices is None or (len(indices) == size and indices == tuple(range(size))):
        return None
    return sha256(_json(indices).encode()).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
