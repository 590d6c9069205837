"""The graph of a candidate, small enough that a page holds thousands."""

from typing import Any

from valp.draw.layer_text import layers_text
from valp.graph.graph import Graph, Input, Output, PrimaryNetwork, Role
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.shapes import text
from valp.spaces.candidate import Candidate

ROLES = {Role.DATA: 0, Role.LATENT: 1, Role.CONDITION: 2}
"""How the page calls the roles of connections."""


def structure(candidate: Candidate) -> dict[str, Any]:
    """A candidate's graph, without ψ.

    Returns:
        `v`: for each component (name, kind, type, shape, layers, combiner's sign), where the kind of an input is `in`
        and that of an output `out`; `e`: for each connection (source, target, role, variables transported, variables
        of the source), the ends by their place in `v`; `l`: for each loss (code, prediction, truth, β); `i`: for each
        network that began with weights of another candidate (place, number, its name there).
    """
    graph = candidate.graph
    places = {component.name: place for place, component in enumerate(graph.components)}
    units = {c.name: c.output if isinstance(c, PrimaryNetwork) else c.unit for c in graph.components}
    edges = [
        (
            places[c.source],
            places[c.target],
            ROLES[c.role],
            len(c.indices) if c.indices is not None else units[c.source].size,
            units[c.source].size,
        )
        for c in graph.connections
    ]
    made: dict[str, Any] = {
        "v": [_component(graph, component) for component in graph.components],
        "e": edges,
        "l": [(loss.kind, loss.prediction, loss.truth, float(f"{loss.beta:.3g}")) for loss in graph.losses],
    }
    if candidate.inherits:
        made["i"] = [(places[name], number, there) for name, (number, there) in candidate.inherits.items()]
    return made


def _component(graph: Graph, component: Input | PrimaryNetwork | Output) -> tuple[str, ...]:
    if isinstance(component, Input):
        return component.name, "in", str(component.unit.type), text(component.unit.shape)
    sign = COMBINERS[component.combiner].sign if len(graph.incoming(component.name)) > 1 else ""
    if isinstance(component, Output):
        return component.name, "out", str(component.unit.type), text(component.unit.shape), "", sign
    unit = component.output
    return component.name, component.kind, str(unit.type), text(unit.shape), layers_text(component), sign


def kinds_of(candidates: list[Candidate]) -> dict[str, str]:
    """The titles of the kinds that candidates use, by code."""
    used = {network.kind for candidate in candidates for network in candidate.graph.networks}
    return {code: kind.title for code, kind in KINDS.items() if code in used}
