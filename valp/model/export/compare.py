"""Compares the results of an exported file with those of the model."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from valp.model.export.signature import COMPONENT, GENERATED, NOISE, Port, signature_of
from valp.model.model import Model
from valp.model.output_columns import PROBABILITIES, Arrays
from valp.model.preprocessing import Column
from valp.score.prediction_scores import CERTAINTY

Answering = Callable[[Arrays], Arrays]
"""Runs a model: maps arrays for the inputs of its signature to arrays for the outputs, by name."""

TOLERANCE = 1e-5
"""The largest difference that a file may have, unless rounding alone explains more."""

ROUNDINGS = 8
"""A file may differ by this many times the model's own float32 rounding error, because it adds in another order."""

LARGEST = 1e-3
"""No file may differ by more."""

BATCHES = (1, 7)
"""The numbers of rows with which files are tested."""

HOLES = 0.2
"""The share of missing values in the test data, where values may be missing."""


def run_of(model: Model) -> Answering:
    """A function that runs the model itself: `Model.predict`, and its torch module with the given noise to generate."""
    signature, columns = signature_of(model), model.manifest.preprocessing
    generated = [column.name for column in model.generated]

    @torch.inference_mode()
    def run(values: Arrays) -> Arrays:
        raw = {column.name: _filled(column, values[column.name]) for column in model.inputs}
        result = dict(model.predict(raw))
        for port in signature.outputs:
            if port.holds == "class":
                result[port.name] = columns.output(port.of).class_numbers(result[port.name]).numpy()
        dtype = model.module.betas.dtype
        noise = {port.of: torch.from_numpy(values[port.name]).to(dtype) for port in signature.noise}
        prepared = columns.prepare(raw, names=sorted(model.conditions()))
        conditions = {name: tensor.to(dtype) for name, tensor in prepared.items()}
        conditions |= {port.of: torch.from_numpy(values[port.name]) for port in signature.given}
        for name, samples in model.module(conditions, "generate", noise, generated).items():
            result[f"{name}.{GENERATED}"] = columns.output(name).restore(samples)
        return result

    return run


def allowed(model: Model) -> float:
    """The largest difference that a file of this model may have.

    It is the larger of `TOLERANCE` and `ROUNDINGS` times the change of the model's outputs in float64, but at most
    `LARGEST`.
    """
    exact = run_of(Model(deepcopy(model.module).double(), model.manifest))

    def run(values: Arrays) -> Arrays:
        found = exact(values)
        return {n: array.astype(np.float32) if array.dtype == np.float64 else array for n, array in found.items()}

    return min(max(TOLERANCE, ROUNDINGS * largest_difference(model, run)), LARGEST)


def largest_difference(model: Model, run: Answering, seed: int = 0) -> float:
    """The largest difference between a file and the model, in predictions and samples for random inputs and noise.

    Both are tested with 1 row and with 7. See `difference`. A class or label that differs counts by how far the model's
    probabilities are from choosing it.
    """
    signature, expected = signature_of(model), run_of(model)
    columns = {column.name: column for column in (*model.inputs, *model.outputs)}
    random, largest = np.random.default_rng(seed), 0.0
    for batch, samples in zip(BATCHES, reversed(BATCHES), strict=True):
        rows = {"batch": batch, "samples": samples}
        values = {port.name: _drawn(port, rows[port.rows], columns.get(port.of), random) for port in signature.inputs}
        wanted, found = expected(values), run(values)
        for port in signature.outputs:
            if port.holds in ("class", "labels"):
                gap = _undecided(found[port.name], wanted[f"{port.name}.{PROBABILITIES}"])
            else:
                column = model.manifest.preprocessing.output(port.of)
                gap = difference(found[port.name], wanted[port.name], column.scale if port.holds == "values" else 1.0)
            largest = max(largest, gap)
    return largest


def difference(found: NDArray[Any], wanted: NDArray[Any], scale: float | tuple[float, ...] = 1.0) -> float:
    """The largest difference of two arrays (rows, …), relative to the largest wanted value, or to 1 if that is smaller.

    Both are divided by the scale first, so that values are of the order of 1. The difference is infinite if the shapes
    or types differ, or if one array is finite where the other is not.
    """
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return np.inf
    one, other = (array.reshape(len(array), -1).astype(np.float64) / scale for array in (found, wanted))
    finite = np.isfinite(other)
    if not np.array_equal(finite, np.isfinite(one)):
        return np.inf
    largest = np.abs(other, where=finite, out=np.zeros_like(other)).max(initial=1.0)
    gap = np.abs(np.subtract(one, other, where=finite, out=np.zeros_like(other))).max(initial=0.0)
    return float(gap / largest)


def _undecided(found: NDArray[Any], probabilities: NDArray[Any]) -> float:
    """How far the probabilities (rows, size) are from choosing these classes (rows,) or labels (rows, size)."""
    if found.dtype != np.int64 or found.shape not in (probabilities.shape, probabilities.shape[:1]):
        return np.inf
    given = probabilities.astype(np.float64)
    if found.ndim == 1:
        chosen = np.take_along_axis(given, found.astype(np.int64)[:, None], 1)[:, 0]
        return float((given.max(1) - chosen).max())
    return float(np.abs(given - CERTAINTY).max(where=found != (given > CERTAINTY), initial=0.0))


def _drawn(port: Port, rows: int, column: Column | None, random: np.random.Generator) -> NDArray[Any]:
    """Random values of an input, on the scale of the data and with missing values where allowed; random noise."""
    shape = (rows, *port.shape)
    if port.holds == "labels":
        return random.integers(2, size=shape)
    if port.holds == COMPONENT:
        return random.random(shape, dtype=np.float32)
    if column is None or port.holds == NOISE:
        return random.standard_normal(shape).astype(np.float32)
    if port.holds == "class":
        return random.integers(column.size, size=shape)
    values = random.standard_normal((rows, column.size)) * column.scale + column.offset
    if column.fill is not None:
        values[random.random(values.shape) < HOLES] = np.nan
    return values.reshape(shape).astype(np.float32)


def _filled(column: Column, raw: NDArray[Any]) -> NDArray[Any]:
    """Raw values as `predict` takes them, with missing ones replaced by the fill values of the column."""
    if column.named_by_numbers:
        names = np.array([*(column.classes or ()), ""])  # -1 is a missing class
        return names.take(raw)
    if column.fill is None:
        return raw
    rows = raw.reshape(len(raw), -1)
    return np.where(np.isnan(rows), np.asarray(column.fill, rows.dtype), rows)
