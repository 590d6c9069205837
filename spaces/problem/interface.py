"""Checks that a graph's inputs and outputs match a problem's."""

from valp.errors import SettingError
from valp.graph.graph import DataUnit, Graph
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


def _shown(unit: DataUnit) -> str:
    return f"{unit.type}, {'×'.join(map(str, unit.shape))}"
