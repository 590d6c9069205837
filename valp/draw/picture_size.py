"""Limits on the graphs that are drawn. The time of Graphviz grows with the square of what is counted here."""

import networkx as nx

from valp.errors import SettingError
from valp.graph.graph import Graph

CROSSED = 1_000
"""The most layers of the picture that all connections together cross. Such a picture takes about 5 seconds."""


class LargeGraphError(SettingError):
    """A graph that is too large for a picture."""


def require_drawable(graph: Graph) -> None:
    """Checks that a picture of a graph is drawn within seconds.

    Raises:
        LargeGraphError: if it may take minutes.
    """
    for what, parts in (("components", graph.components), ("connections", graph.connections), ("losses", graph.losses)):
        if len(parts) > CROSSED:
            raise LargeGraphError(f"a picture shows at most {CROSSED:,} {what}, but the graph has {len(parts):,}")
    crossed = layers_crossed(graph)
    if crossed > CROSSED:
        raise LargeGraphError(
            f"the connections in a picture cross at most {CROSSED:,} layers in all, but those of the graph cross "
            f"{crossed:,}"
        )


def layers_crossed(graph: Graph) -> int:
    """How many layers of a picture the connections cross in all: one each if they join neighbouring layers.

    A component is one layer below the lowest that it reads. Those in a cycle are below each other.
    """
    whole = nx.condensation(graph.digraph)
    layer: dict[int, int] = {}
    for group in nx.topological_sort(whole):
        above = [layer[other] + len(whole.nodes[other]["members"]) for other in whole.predecessors(group)]
        layer[group] = max(above, default=0)
    of = whole.graph["mapping"]
    return sum(
        abs(layer[of[c.target]] - layer[of[c.source]]) or len(whole.nodes[of[c.source]]["members"])
        for c in graph.connections
        if c.source in of and c.target in of
    )
