"""The graphs of candidates in a compact form, because a page may contain thousands, and the legend for this form."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import networkx as nx

from valp.draw.appearance import INPUT_LOOK, OUTPUT_LOOK, ROLE_LINES, look_of
from valp.draw.layer_text import layers_text
from valp.graph.graph import DataType, Graph, Input, Output, PrimaryNetwork, Role, unit_of
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.own_types import OWN_TYPES
from valp.parts.shapes import text
from valp.search.show.report.page_colours import PageColour, fill_of, line_of
from valp.spaces.candidate import Candidate

INPUT, OUTPUT = 0, 1
"""The places of inputs and outputs in the list of kinds of components. The kinds of network follow."""

ROLES = {Role.DATA: 0, Role.LATENT: 1, Role.CONDITION: 2}
"""The places of the roles of connections in the list of roles."""

DASHES = {"solid": None, "dotted": "2 3", "dashed": "7 4"}
"""Graphviz's line styles as dash patterns of SVG."""


@dataclass(frozen=True)
class Legend:
    """The kinds, types and combiners in the graphs of a page. The graphs refer to them by their places here.

    Attributes:
        kinds: the codes of the kinds of network.
        types: the codes of the data types.
        combiners: the codes of the combiners.
    """

    kinds: tuple[str, ...]
    types: tuple[DataType | str, ...]
    combiners: tuple[str, ...]

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Their names and looks, and those of the roles of connections, for the page's data."""
        ends = [
            {"title": name, "sign": name, "fill": "var(--paper)", "shape": look.shape}
            for name, look in (("input", INPUT_LOOK), ("output", OUTPUT_LOOK))
        ]
        return {
            "kinds": ends + [_kind(code) for code in self.kinds],
            "types": [{"title": _type_title(code), "colour": line_of(code).variable} for code in self.types],
            "roles": [
                {"name": str(role), "title": ROLE_LINES[role][1], "dashes": DASHES[ROLE_LINES[role][0]]}
                for role in ROLES
            ],
            "combiners": [{"sign": COMBINERS[code].sign, "title": code.replace("_", " ")} for code in self.combiners],
        }

    def colours(self) -> list[PageColour]:
        """The colours in drawings of these graphs."""
        found = [*map(fill_of, self.kinds), *map(line_of, self.types)]
        return list({colour.name: colour for colour in found}.values())


def legend_of(candidates: Iterable[Candidate]) -> Legend:
    """The legend for the graphs of candidates, in the order of the library's tables."""
    kinds: set[str] = set()
    types: set[DataType | str] = set()
    combiners: set[str] = set()
    for candidate in candidates:
        graph = candidate.graph
        kinds.update(network.kind for network in graph.networks)
        types.update(unit_of(component).type for component in graph.components)
        combiners.update(network.combiner for network in graph.networks)
        combiners.update(output.combiner for output in graph.outputs)
    return Legend(
        kinds=tuple(code for code in KINDS if code in kinds),
        types=tuple(code for code in (*DataType, *OWN_TYPES) if code in types),
        combiners=tuple(code for code in COMBINERS if code in combiners),
    )


def structure(candidate: Candidate, legend: Legend) -> dict[str, Any]:
    """A candidate's graph in compact form, without ψ.

    Returns:
        `v`: for each component (name, kind, type, shape, layers, combiner), the last two only if it has any.
        `e`: for each connection (source, target, role, variables transported, variables of the source), with source and
        target as places in `v`.
        `l`: for each loss (code, prediction, truth, β).
        `i`: for each network with inherited weights (place, number of the parent, name of the network there).
    """
    graph = candidate.graph
    places = {component.name: place for place, component in enumerate(graph.components)}
    units = {component.name: unit_of(component) for component in graph.components}
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
        "v": [_component(graph, component, legend) for component in graph.components],
        "e": edges,
        "l": [(loss.kind, loss.prediction, loss.truth, float(f"{loss.beta:.3g}")) for loss in graph.losses],
    }
    if candidate.inherits:
        made["i"] = [(places[name], number, there) for name, (number, there) in candidate.inherits.items()]
    return made


def conditioned(graph: Graph) -> bool:
    """Whether an input or a given class reaches a Samples output when the model generates."""
    starts = {model_input.name for model_input in graph.inputs}.union(*map(graph.predictors, graph.given))
    generating = graph.generating_digraph()
    reached = set().union(*(nx.descendants(generating, name) for name in starts))
    return any(output.name in reached for output in graph.outputs if output.unit.type == DataType.SAMPLES)


def _kind(code: str) -> dict[str, Any]:
    kind, look = KINDS[code], look_of(code)
    return {
        "title": kind.title,
        "sign": kind.sign,
        "fill": fill_of(code).variable,
        "shape": _shape(look.shape, look.style),
    }


def _shape(shape: str, style: str) -> str:
    """The outline of a node: the Graphviz style if it changes the outline, else the shape."""
    return next((word for word in ("rounded", "diagonals") if word in style), shape)


def _type_title(code: DataType | str) -> str:
    return code.title() if isinstance(code, DataType) else OWN_TYPES[code].title


def _component(
    graph: Graph, component: Input | PrimaryNetwork | Output, legend: Legend
) -> tuple[str | int | None, ...]:
    unit = unit_of(component)
    about = legend.types.index(unit.type), text(unit.shape)
    if isinstance(component, Input):
        return component.name, INPUT, *about
    merging = len(graph.incoming(component.name)) > 1
    combiner = (legend.combiners.index(component.combiner),) if merging else ()
    if isinstance(component, Output):
        return component.name, OUTPUT, *about, *(("", *combiner) if merging else ())
    return component.name, OUTPUT + 1 + legend.kinds.index(component.kind), *about, layers_text(component), *combiner
