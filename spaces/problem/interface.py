"""Whether a graph is for a problem."""

from valp.errors import SettingError
from valp.graph.graph import DataUnit, Graph
from valp.spaces.problem.description import Description


def require_interface(graph: Graph, problem: Description, *, whole: bool = False) -> None:
    """Refuses a graph whose inputs and outputs are not the problem's.

    Args:
        graph: some graph.
        problem: what it shall learn.
        whole: whether it must have all of them; else some will do.

    Raises:
        SettingError: naming what does not fit.
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
                    f"{what} {part.name!r} ({_shown(part.unit)}) of the graph is none of {problem.name}'s: {listed}"
                )
        missing = units.keys() - {part.name for part in parts}
        if whole and missing:
            raise SettingError(f"the graph lacks the {what} {min(missing)!r} of {problem.name}, and must have all")


def _shown(unit: DataUnit) -> str:
    return f"{unit.type}, {'×'.join(map(str, unit.shape))}"
