"""Traces a model with torch. The files are written from the traced program."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

import torch
from torch import Tensor

from valp.errors import SettingError, first_line
from valp.model.export.deployed import Deployed
from valp.model.export.signature import Port
from valp.model.model import Model
from valp.plan.operation import Apply

ROWS = {"batch": 3, "samples": 2}
"""The rows of the traced example. Torch would treat 1 as fixed, and equal numbers as the same dimension."""

LOGGERS = ("torch", "onnxscript", "onnx_ir")


def traced(deployed: Deployed) -> torch.export.ExportedProgram:
    """A program that maps a dictionary of the signature's inputs to one of its outputs, for any number of rows."""
    signature = deployed.signature
    example = {port.name: _example(port) for port in signature.inputs}
    free = {rows: torch.export.Dim(rows) for rows in ROWS}
    shapes = {port.name: {0: free[port.rows]} for port in signature.inputs}
    program = torch.export.export(deployed, (example,), dynamic_shapes=(shapes,))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it has paths on this machine
    return program


@contextmanager
def exporting(model: Model, form: str) -> Iterator[None]:
    """Silences torch while it exports, and reports a failure in one sentence.

    Raises:
        SettingError: if the export fails, for instance because an operation of another package cannot be exported.
    """
    try:
        with quiet():
            yield
    except Exception as error:  # whatever the operation, torch or onnxscript raises
        own = [operation.out for operation in model.module.plan.operations if isinstance(operation, Apply)]
        blamed = f", probably because of an operation of another package in {', '.join(own)}" if own else ""
        raise SettingError(f"torch cannot export this model as {form}{blamed}: {cause(error)}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses what torch and onnxscript log, warn and print, such as a whole graph that cannot be traced."""
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
    """The first line of the root cause of an error."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)


def _example(port: Port) -> Tensor:
    return torch.zeros(ROWS[port.rows], *port.shape, dtype=getattr(torch, port.dtype))
