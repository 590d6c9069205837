"""What a VALP is: a typed graph of small networks that classify, regress and generate at once.

Graphs, their rules and the plan need no torch; `load`, `save` and `Model` bring it in when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from valp.check.check import Report, check
from valp.compile.compile import compile, lower
from valp.draw.draw import draw
from valp.errors import ValpError
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    DataUnit,
    Dense,
    Graph,
    Input,
    Loss,
    Output,
    PrimaryNetwork,
    Recurrent,
    Role,
    TransposedConvolution,
)

if TYPE_CHECKING:
    from valp.model.bundle import Model, load, save

__all__ = [
    "Connection",
    "Convolution",
    "DataType",
    "DataUnit",
    "Dense",
    "Graph",
    "Input",
    "Loss",
    "Model",
    "Output",
    "PrimaryNetwork",
    "Recurrent",
    "Report",
    "Role",
    "TransposedConvolution",
    "ValpError",
    "check",
    "compile",
    "draw",
    "load",
    "lower",
    "save",
]


def __getattr__(name: str) -> Any:
    if name in {"Model", "load", "save"}:
        return getattr(import_module("valp.model.bundle"), name)
    raise AttributeError(f"module 'valp' has no attribute {name!r}")
