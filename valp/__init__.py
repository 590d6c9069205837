"""VALP: architecture search for graphs of small networks that classify, regress and generate at once.

Users import everything from here: problems (`Problem`, `load_problem`), searches (`launch`, `open_run`), models
(`load`, `Model`), graphs (`Graph` and its parts, `check`, `compile`, `draw`), traces (`load_trace`, `draw_trace`),
the scikit-learn estimator (`VALPSearch`), and a scheduler for Ray Tune (`ParetoHalving`). A name is imported when it is
first used, so that `valp.load` needs neither Ray nor Optuna.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from valp.check.check import Report, check
from valp.compile.compile import compile, lower
from valp.draw.draw import draw
from valp.draw.draw import draw_svg as _draw_svg
from valp.errors import DataError, FileError, SettingError, ValpError
from valp.graph.graph import Graph

if TYPE_CHECKING:
    from valp.graph.graph import (
        Connection,
        Convolution,
        DataType,
        DataUnit,
        Dense,
        Input,
        Loss,
        Output,
        PrimaryNetwork,
        Recurrent,
        Role,
        TransposedConvolution,
    )
    from valp.model.bundle import load, save
    from valp.model.export.export import export
    from valp.model.model import Model
    from valp.search.estimator.estimator import VALPSearch
    from valp.search.facade.launch import launch
    from valp.search.facade.run_handle import Run, open_run
    from valp.search.halving.pareto_halving import ParetoHalving
    from valp.spaces.own.load_problem import load_problem
    from valp.spaces.problem.arrays import discrete, features, labels, numeric, of_own_type, samples
    from valp.spaces.problem.problem import Problem
    from valp.trace.conflict_picture import draw_conflicts
    from valp.trace.trace import Trace
    from valp.trace.trace_figure import draw_trace
    from valp.trace.trace_file import load_trace, save_trace

    __version__: str

__all__ = [
    "Connection",
    "Convolution",
    "DataError",
    "DataType",
    "DataUnit",
    "Dense",
    "FileError",
    "Graph",
    "Input",
    "Loss",
    "Model",
    "Output",
    "ParetoHalving",
    "PrimaryNetwork",
    "Problem",
    "Recurrent",
    "Report",
    "Role",
    "Run",
    "SettingError",
    "Trace",
    "TransposedConvolution",
    "VALPSearch",
    "ValpError",
    "__version__",
    "check",
    "compile",
    "discrete",
    "draw",
    "draw_conflicts",
    "draw_trace",
    "export",
    "features",
    "labels",
    "launch",
    "load",
    "load_problem",
    "load_trace",
    "lower",
    "numeric",
    "of_own_type",
    "open_run",
    "samples",
    "save",
    "save_trace",
]

# Names that are imported when they are first used (PEP 562), by module. `check`, `compile` and `draw` are not here,
# because packages have these names too: importing the package would replace the function.
_MODULES = {
    "valp.graph.graph": (
        "Connection", "Convolution", "DataType", "DataUnit", "Dense", "Input", "Loss", "Output", "PrimaryNetwork",
        "Recurrent", "Role", "TransposedConvolution",
    ),
    "valp.model.bundle": ("load", "save"),
    "valp.model.export.export": ("export",),
    "valp.model.model": ("Model",),
    "valp.search.estimator.estimator": ("VALPSearch",),
    "valp.search.facade.launch": ("launch",),
    "valp.search.facade.run_handle": ("Run", "open_run"),
    "valp.search.halving.pareto_halving": ("ParetoHalving",),
    "valp.spaces.own.load_problem": ("load_problem",),
    "valp.spaces.problem.arrays": ("discrete", "features", "labels", "numeric", "of_own_type", "samples"),
    "valp.spaces.problem.problem": ("Problem",),
    "valp.trace.conflict_picture": ("draw_conflicts",),
    "valp.trace.trace": ("Trace",),
    "valp.trace.trace_figure": ("draw_trace",),
    "valp.trace.trace_file": ("load_trace", "save_trace"),
}  # fmt: skip
_LATER = {name: module for module, names in _MODULES.items() for name in names}

# A notebook shows a graph as its picture. This is set here because `valp.draw` imports `valp.graph`.
Graph._repr_svg_ = _draw_svg


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("valp")
    elif name in _LATER:
        value = getattr(import_module(_LATER[name]), name)
    else:
        raise AttributeError(f"module 'valp' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
