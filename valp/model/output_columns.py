"""Predictions and samples as the columns of a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valp.graph.graph import DataType
from valp.model.preprocessing import Column

PROBABILITIES = "probabilities"
"""Follows the name of a Discrete output in the names of its probabilities."""

Arrays = dict[str, NDArray[Any]]


def flat(found: Mapping[str, NDArray[Any]], outputs: Sequence[Column]) -> Arrays:
    """The values of outputs as columns (n,); see `valp.model.model.Model.flat`."""
    columns: Arrays = {}
    alone = len(outputs) == 1 and outputs[0].type is DataType.SAMPLES
    for output in outputs:
        names = list(output.fields) if alone and len(output.fields) == output.size else variables(output)
        columns |= _columns(names, found[output.name])
        probabilities = found.get(f"{output.name}.{PROBABILITIES}")
        if probabilities is not None:
            classes = output.classes or tuple(map(str, range(output.size)))
            columns |= _columns([f"{output.name}.{PROBABILITIES}.{name}" for name in classes], probabilities)
    return columns


def variables(output: Column) -> list[str]:
    """A name for each variable of an output; a single name for a class."""
    if output.type is DataType.DISCRETE:
        return [f"{output.name}.{name}" for name in _labels(output)] if output.labels else [output.name]
    if output.size == 1:
        return [output.name]
    parts = output.fields if len(output.fields) == output.size else map(str, range(output.size))
    return [f"{output.name}.{part}" for part in parts]


def _labels(output: Column) -> Sequence[str]:
    return output.classes or [str(number) for number in range(output.size)]


def _columns(names: Sequence[str], values: NDArray[Any]) -> Arrays:
    return dict(zip(names, np.reshape(values, (len(values), len(names))).T, strict=True))
