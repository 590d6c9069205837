"""Checks that a graph's inputs, outputs and conditions match a problem's."""

from collections.abc import Collection

import networkx as nx

from valp.errors import SettingError
from valp.graph.graph import DataType, DataUnit, Graph
from valp.parts.own_types import like
from valp.spaces.problem.description import Description


def require_interface(graph: Graph, problem: Description, *, whole: bool = False) -> None:
    """Checks that the inputs and outputs of a graph are the problem's.

    Args:
        graph: the graph.
        problem: the problem.
        whole: whether the graph must have all inputs and outputs of the problem. Otherwise some are enough.

    Raises:
        SettingError: if they are not. The message names the first one that does not fit.
    """
    for what, parts, known in (
        ("input", graph.inputs, problem.inputs),
        ("output", graph.outputs, problem.outputs),
    ):
        units = {part.name: part.unit for part in known}
        for part in parts:
            if units.get(part.name) != part.unit:
                listed = ", ".join(f"{name} ({_shown(unit)})" for name, unit in units.items())
                raise SettingError(
                    f"{what} {part.name!r} ({_shown(part.unit)}) of the graph must be an {what} of {problem.name}: "
                    f"{listed}"
                )
        missing = units.keys() - {part.name for part in parts}
        if whole and missing:
            raise SettingError(f"the graph must have every {what} of {problem.name}, but lacks {min(missing)!r}")


def require_conditions(graph: Graph, problem: str, conditions: Collection[str] | None) -> None:
    """Checks that a graph's samples depend only on what they may be asked for by.

    Args:
        graph: the graph.
        problem: the problem's name, for the message.
        conditions: the problem's conditions; None allows anything.

    Raises:
        SettingError: if samples depend on anything else. The message names it.
    """
    if conditions is None:
        return
    generating = graph.generating_digraph()
    starts = {part.name: f"input {part.name!r}" for part in graph.inputs if part.name not in conditions}
    for given in graph.given:
        if given not in conditions:
            starts |= dict.fromkeys(graph.predictors(given), f"the class {given!r}")
    for output in graph.outputs:
        if like(output.unit.type) is not DataType.SAMPLES:
            continue
        wrong = nx.ancestors(generating, output.name) & starts.keys()
        if wrong:
            listed = ", ".join(conditions) or "nothing"
            raise SettingError(
                f"samples of {problem} may be asked for by {listed}, but {output.name!r} of the graph depends on "
                f"{starts[min(wrong)]} when it generates"
            )


def _shown(unit: DataUnit) -> str:
    return f"{unit.type}, {'×'.join(map(str, unit.shape))}"
