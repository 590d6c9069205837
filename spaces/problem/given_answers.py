"""Finds columns that give the answer away."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from valp.errors import DataError
from valp.graph.graph import DataType
from valp.spaces.problem.arrays import ArrayData


def require_no_answers(inputs: Mapping[str, ArrayData], outputs: Mapping[str, ArrayData]) -> None:
    """Checks that no input has a column that an output predicts: one of the same name with the same values.

    Samples outputs are exempt, because generating data like the inputs is a task.

    Raises:
        DataError: if one has.
    """
    for output, wanted in outputs.items():
        if wanted.type is DataType.SAMPLES:
            continue
        for name, given in inputs.items():
            for field in set(given.fields) & set(wanted.fields):
                if np.array_equal(_field(given, field), _field(wanted, field)):
                    raise DataError(
                        f"column {field!r} is in input {name!r} and in output {output!r}, which gives the answer away; "
                        "take it out of the input"
                    )


def _field(data: ArrayData, field: str) -> NDArray[np.str_]:
    """The values of a column of a data frame as texts, which can be compared whatever their type."""
    values = data.values.reshape(len(data.values), -1)
    place = data.fields.index(field) if len(data.fields) == values.shape[1] else 0
    texts: NDArray[np.str_] = values[:, place].astype(np.str_)
    return texts
