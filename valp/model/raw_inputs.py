"""Turns a user's raw rows into a model's inputs. Tables are read like the training table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from valp.errors import DataError, hint
from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.model.table import Table, as_category, is_table, table_of


class Cells(Protocol):
    """Something with columns: a `Table`, or several of them stacked."""

    def numbers(self, name: str) -> NDArray[Any]:
        """See `Table.numbers`."""

    def texts(self, name: str) -> NDArray[Any]:
        """See `Table.texts`."""


def stacked(key: str, source: Cells, fields: Sequence[str]) -> NDArray[Any]:
    """(n, k) from k columns, or (n, …) from one array; NaN where there is no value.

    Raises:
        DataError: naming `key`, if one of several columns has several numbers per row; or as in `Table.numbers`.
    """
    arrays = [source.numbers(field) for field in fields]
    if len(arrays) == 1:
        return arrays[0] if arrays[0].ndim > 1 else arrays[0][:, None]
    for field, array in zip(fields, arrays, strict=True):
        if array.ndim > 1:
            raise DataError(f"{key}: array {field!r} has several numbers per row, so it must be the only column")
    return np.column_stack(arrays)


def categories(source: Cells, field: str) -> NDArray[np.str_]:
    """(n,) categories, "" where there is no value. Raises DataError as in `Table.texts`."""
    texts = source.texts(field)
    return np.where(texts == None, "", texts).astype(str)  # noqa: E711 - element by element


def raw_inputs(data: Any, columns: Sequence[Column]) -> Mapping[str, Any]:
    """Turns a user's data into what `Preprocessing.prepare` takes.

    Args:
        data: a mapping with the rows of each input, which is returned as it is; or a `Table`, a data frame, an Arrow
            table or a mapping with the columns of the inputs. Other columns are ignored.
        columns: the columns of the inputs that are needed.

    Raises:
        DataError: if a column is missing, a cell does not fit, or a cell is empty and the model has no value for it.
    """
    if isinstance(data, Mapping):
        named = all(column.name in data for column in columns)
        if named or not any(field in data for column in columns for field in column.fields):
            return data
    elif not isinstance(data, Table) and not is_table(data):
        raise DataError(f"the data must be a table, or a mapping of columns, but are of type {type(data).__name__}")
    known = data.names if isinstance(data, Table) else _names(data)
    fields = {column.name: fields_of(column, known, data) for column in columns}
    table = data if isinstance(data, Table) else table_of(data, {name for names in fields.values() for name in names})
    return {column.name: _values(table, column, fields[column.name]) for column in columns}


def fields_of(column: Column, known: Sequence[str], where: object = None) -> tuple[str, ...]:
    """The columns of a table that an input is made of.

    They are the columns that it was made of in training, else the column with the input's own name, else `name.0`,
    `name.1` and so on for its variables.

    Raises:
        DataError: naming the first column that is missing.
    """
    alone = column.fields[0] if len(column.fields) == 1 else column.name
    parts = tuple(f"{alone}.{i}" for i in range(column.size)) if column.size > 1 else ()
    for fields in (column.fields, (column.name,), parts):
        if fields and all(field in known for field in fields):
            return fields
    missing = next((field for field in column.fields if field not in known), column.name)
    place = f"{where.path} has" if isinstance(where, Table) else "the data have"
    made = (
        f", which input {column.name!r} is made of" if missing != column.name else f", which is an input{_size(column)}"
    )
    raise DataError(f"{place} no column {missing!r}{made}{hint(missing, known)}")


def has_fields(data: Any, column: Column) -> bool:
    """Whether a mapping or a table has the columns of an input. Of other data it says yes: `raw_inputs` raises."""
    if not isinstance(data, Mapping | Table) and not is_table(data):
        return True
    try:
        fields_of(column, data.names if isinstance(data, Table) else _names(data))
    except DataError:
        return False
    return True


def unseen(inputs: Mapping[str, Any], columns: Sequence[Column]) -> list[str]:
    """A sentence for each category in the inputs that the model does not know. It counts as a missing value."""
    remarks = []
    for column in columns:
        values = np.asarray(inputs[column.name]) if column.classes and not column.labels else np.empty(0)
        if values.dtype.kind != "U":
            continue
        for name, rows in Counter(values.tolist()).items():
            if name and name not in (column.classes or ()):
                counted = "1 row" if rows == 1 else f"{rows} rows"
                remarks.append(f"{column.name}: {name!r} ({counted}) is not a category that the model knows")
    return remarks


def _values(table: Table, column: Column, fields: Sequence[str]) -> NDArray[Any]:
    """The rows of an input in the user's units, with empty cells filled."""
    if column.missing:
        table = replace(table, missing=(*table.missing, *column.missing))
    if column.has_class:
        return _classes(table, column, fields[0])
    values = stacked(column.name, table, fields)
    if values.dtype.kind != "f" or not np.isnan(values).any():
        return values
    flat = values.reshape(len(values), -1)
    holes = np.isnan(flat)
    if column.fill is None:
        row = int(holes.any(1).argmax())
        field = fields[int(holes[row].argmax())] if len(fields) > 1 else fields[0]
        raise DataError(
            f"{table.place(row)}: column {field!r} is empty, but the model cannot fill it, because no row had an empty "
            "cell in training"
        )
    if flat.shape[1] != column.size:
        return values  # `Column.prepare` raises for them
    return np.where(holes, column.fill, flat)


def _classes(table: Table, column: Column, field: str) -> NDArray[Any]:
    """Categories; or class numbers if the model was not trained on a table and no cell is the name of a class."""
    if column.classes is None:
        return table.numbers(field)
    usual = {as_category(name.strip()): name for name in column.classes}  # in a list, they are read as they are
    known = replace(table, missing=tuple(mark for mark in table.missing if mark not in usual))
    names = np.array([usual.get(name, name) for name in categories(known, field).tolist()], dtype=np.str_)
    if column.fields or set(names.tolist()) & set(column.classes):
        return names
    return table.numbers(field)


def _names(data: Any) -> list[str]:
    """The columns of a data frame, an Arrow table or a mapping."""
    if isinstance(data, Mapping):
        return [str(name) for name in data]
    return [str(name) for name in (data.column_names if hasattr(data, "column_names") else data.columns)]


def _size(column: Column) -> str:
    return "" if column.size == 1 or column.type is DataType.DISCRETE else f" of {column.size} numbers a row"
