"""Reads what a user asks samples for: inputs, and classes of outputs, as rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valp.errors import DataError
from valp.model.preprocessing import Column


def read_conditions(
    asked: Any, inputs: Sequence[Column], outputs: Sequence[Column], conditions: Collection[str], drawn: Collection[str]
) -> dict[str, Tensor]:
    """The conditions of samples, each with its own number of rows, (rows, size).

    Args:
        asked: what the user asks for; see `Model.generate`. Inputs that are no conditions are ignored.
        inputs, outputs: the columns of the model.
        conditions: the names of the inputs on which the samples depend, and of the outputs whose class is given.
        drawn: those that may be missing, because a class for them can be drawn. They are then missing in the result.

    Raises:
        DataError: if a condition is missing or does not fit.
    """
    given = [column for column in outputs if column.name in conditions]
    columns = [*(column for column in inputs if column.name in conditions), *given]
    if isinstance(asked, Mapping):
        names = {name for column in inputs for name in (column.name, *column.fields)}
        _require_no_other(asked, [column for column in outputs if column.name not in names], columns, given)
        asked = _rows(asked, columns)
    wanted = [column for column in columns if column.name not in drawn or _has(asked, column)]
    if not wanted:
        return {}
    if asked is None:
        raise DataError(f"this model's samples are conditioned on {_named(wanted[0], given)}, so it must be given")
    if not isinstance(asked, Mapping) or not all(column.name in asked for column in wanted):
        from valp.model.raw_inputs import raw_inputs  # it imports Arrow, which takes a while

        asked = raw_inputs(asked, wanted)
        missing = next((column for column in wanted if column.name not in asked), None)
        if missing is not None:
            raise DataError(f"the model needs {_named(missing, given)}, but got {', '.join(map(str, asked)) or 'none'}")
    return {
        column.name: _one_hot(column, asked[column.name]) if column in given else column.prepare(asked[column.name])
        for column in wanted
    }


def drawn_classes(shares: Sequence[float], count: int, generator: torch.Generator) -> Tensor:
    """Classes drawn with these probabilities, one-hot (count, classes)."""
    numbers = torch.multinomial(torch.tensor(shares, dtype=torch.float64), count, replacement=True, generator=generator)
    return torch.nn.functional.one_hot(numbers, len(shares)).float()


def _one_hot(column: Column, values: Any) -> Tensor:
    """Classes as rows. Unlike a class of an input, a class that is given must be known."""
    return torch.nn.functional.one_hot(column.class_numbers(values), column.size).float()


def _has(asked: Any, column: Column) -> bool:
    """Whether the user asks for a value of this column."""
    if asked is None or (isinstance(asked, Mapping) and column.name in asked):
        return asked is not None
    from valp.model.raw_inputs import has_fields

    return has_fields(asked, column)


def _named(column: Column, given: Sequence[Column]) -> str:
    return f"{'class' if column in given else 'input'} {column.name!r}"


def _require_no_other(
    asked: Mapping[str, Any], outputs: Sequence[Column], columns: Sequence[Column], given: Sequence[Column]
) -> None:
    """Raises DataError if samples are asked for by an output whose class is not given."""
    wrong = next((column.name for column in outputs if column.name in asked and column not in given), None)
    if wrong is not None:
        parts = {"input": [c for c in columns if c not in given], "class": given}
        named = [f"{what} {', '.join(repr(c.name) for c in part)}" for what, part in parts.items() if part]
        listed = " and ".join(named) or "no input"
        raise DataError(f"the samples of this model depend on {listed}, but {wrong!r} is an output")


def _rows(asked: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    """Conditions as rows. A single value, or a single row of several values, applies to all samples."""
    rows = {name: [values] if np.ndim(values) == 0 else values for name, values in asked.items()}
    for column in columns:
        values = rows.get(column.name)
        if values is None:
            continue
        if not column.has_class and column.size > 1 and np.shape(values) == (column.size,):
            rows[column.name] = [values]
        unknown = [name for name in values if isinstance(name, str)] if column.has_class and column.classes else []
        if unknown:
            column.class_numbers(unknown)  # raises for an unknown class, which would condition nothing
    return rows
