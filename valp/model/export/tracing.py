"""A model as a program that torch has traced, from which the files are written."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

import torch
from torch import Tensor

from valp.errors import SettingError
from valp.model.export.deployed import Deployed
from valp.model.export.signature import Port
from valp.model.model import Model
from valp.plan.operation import Apply

ROWS = {"batch": 3, "samples": 2}
"""The rows of the example that is traced: more than one, which torch would take for fixed, and not as many."""

LOGGERS = ("torch", "onnxscript", "onnx_ir")


def traced(deployed: Deployed) -> torch.export.ExportedProgram:
    """A program from a dictionary of the signature's inputs to one of its outputs, with free numbers of rows."""
    signature = deployed.signature
    example = {port.name: _example(port) for port in signature.inputs}
    free = {rows: torch.export.Dim(rows) for rows in ROWS}
    shapes = {port.name: {0: free[port.rows]} for port in signature.inputs}
    program = torch.export.export(deployed, (example,), dynamic_shapes=(shapes,))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # the folders of this machine are nobody's business
    return program


@contextmanager
def exporting(model: Model, form: str) -> Iterator[None]:
    """Holds back what torch says while it exports, and tells in one sentence why it could not.

    Raises:
        SettingError: if it could not: an operation of another package may be one that cannot be exported.
    """
    try:
        with quiet():
            yield
    except Exception as error:  # whatever the operation, torch or onnxscript raises
        own = [operation.out for operation in model.module.plan.operations if isinstance(operation, Apply)]
        blamed = f", most likely for what another package does in {', '.join(own)}" if own else ""
        raise SettingError(f"torch cannot export this model as {form}{blamed}: {cause(error)}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Holds back what torch and onnxscript log, warn and print, such as the whole graph that could not be traced."""
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    try:
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def cause(error: BaseException) -> str:
    """The first line of what an error comes from."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _example(port: Port) -> Tensor:
    return torch.zeros(ROWS[port.rows], *port.shape, dtype=getattr(torch, port.dtype))
