"""Copies parts of existing graphs into a revision."""

from collections.abc import Collection, Iterable

from valp.graph.graph import Connection, Graph, Role
from valp.parts.design import Design
from valp.parts.losses import KL
from valp.parts.shapes import transported
from valp.spaces.generate.draft_node import INPUT, NETWORK, Node, Place
from valp.spaces.vary.fixed_parts import is_fixed_network, is_fixed_output, read_sides
from valp.spaces.vary.revision import Revision


def take(
    revision: Revision, graph: Graph, parent: int, arrivals: Collection[Connection], shared: Collection[str] = ()
) -> dict[str, str]:
    """Copies connections into outputs from a graph, with all networks that feed them.

    Args:
        revision: the target of the copy.
        graph: the source of the copy.
        parent: the number of the graph, 0 or 1.
        arrivals: the connections into outputs.
        shared: networks of the graph that the revision already has under the same name.

    Returns:
        The networks' names in the revision by their names in the graph. A network is renamed n{i} if its name is taken.
    """
    cone = ancestors(graph, [connection.source for connection in arrivals])
    names = {node.name: i for i, node in enumerate(revision.nodes)}
    free = revision.free_names([network.name for network in graph.networks])
    places: dict[str, Place] = {part.name: (INPUT, i) for i, part in enumerate(revision.inputs)}
    places |= {name: (NETWORK, names[name]) for name in shared}
    taken = [network for network in graph.networks if network.name in cone and network.name not in shared]
    places |= {network.name: (NETWORK, len(revision.nodes) + i) for i, network in enumerate(taken)}
    divergences = {loss.prediction: loss.beta for loss in graph.losses if loss.kind == KL}
    units = {part.name: part.unit for part in revision.inputs} | {n.name: n.output for n in graph.networks}
    kinds = {network.name: network.kind for network in graph.networks}
    for network in taken:
        incoming = graph.incoming(network.name)
        reads = read_sides(network, [transported(units[c.source], c) for c in incoming], revision.given)
        node = Node(
            network.kind,
            Design(network.output, network.layers, reads),
            network.initializer,
            network.combiner,
            0,
            sources=[(places[c.source], c.role, c.indices) for c in incoming],
            name=next(free) if network.name in names else network.name,
            fixed=is_fixed_network(network, [kinds.get(c.source, "") for c in incoming], reads, revision.space),
            origin=(parent, network.name),
            beta=divergences.get(network.name),
            prior=network.prior,
        )
        revision.nodes.append(node)
    for connection in arrivals:
        position = next(i for i, output in enumerate(revision.outputs) if output.name == connection.target)
        if any(place == places[connection.source] for place, _ in revision.arrivals[position]):
            continue  # both parents have this connection
        revision.arrivals[position].append((places[connection.source], connection.indices))
        if is_fixed_output(revision.outputs[position], units[connection.source]):
            revision.fixed.add(position)
    revision.mixed |= predicts_codes(graph)
    revision.refresh()
    return {name: revision.nodes[i].name for name, (group, i) in places.items() if group is NETWORK}


def predicts_codes(graph: Graph) -> bool:
    """Whether latent variables come from a network that also predicts an output."""
    outputs = {output.name for output in graph.outputs}
    predicting = {connection.source for connection in graph.connections if connection.target in outputs}
    return any(connection.role is Role.LATENT and connection.source in predicting for connection in graph.connections)


def ancestors(graph: Graph, names: Iterable[str]) -> set[str]:
    """These components of a graph, and all components that feed them."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [connection.source for connection in graph.incoming(name)]
    return found
