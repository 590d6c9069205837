"""`Table`: the common form of all table files and data frames."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from valp.errors import DataError

MISSING = ("", "NA", "N/A", "NaN", "nan", "null")
"""The texts that mean "no value" in every table."""

LARGEST = float(np.finfo(np.float32).max)
WHOLE = re.compile(r"(-?\d+)\.0+")
TRUTHS = {"false": "false", "true": "true"}


@dataclass(frozen=True)
class Table:
    """Columns with the same number of rows.

    Attributes:
        path: the file or folder, or the name of the table in messages.
        columns: the columns by name: one cell per row, or an array (n, …) with several numbers per row.
        missing: the texts that mean "no value".
        place: the name of a row in messages; rows count from 0.
        advice: the end of a message about a cell that is not a number.
    """

    path: Path | str
    columns: dict[str, Any]
    missing: tuple[str, ...]
    place: Callable[[int], str] = field(repr=False)
    advice: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the columns, in the order of the file."""
        return list(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def numbers(self, name: str) -> NDArray[Any]:
        """A column as numbers, NaN where there is no value: (n,), or (n, …) if a row has several.

        Raises:
            DataError: if a cell is not a number, is infinite, or is too large for float32.
        """
        values = self.columns[name]
        array = values if isinstance(values, np.ndarray) else self._parsed(name, values)
        array = self._without_missing(array)
        if array.dtype.kind == "f":
            wrong = np.abs(array) > LARGEST
            if wrong.any():
                row = int(wrong.reshape(len(array), -1).any(1).argmax())
                found = array[row][wrong[row]].flat[0] if array.ndim > 1 else array[row]
                raise DataError(f"{self.place(row)}: column {name!r} must hold finite float32 numbers, but has {found}")
        return array

    def texts(self, name: str) -> NDArray[Any]:
        """A column as categories: (n,) texts, None where there is no value.

        A category has the same text in every type of file: 1, 1.0 and "1" are `1`, True and "TRUE" are `true`.

        Raises:
            DataError: if a row has several values, or the column cannot be read as categories.
        """
        values = self.columns[name]
        if isinstance(values, np.ndarray):
            raise DataError(f"{self.path}: array {name!r} must have one category a row, but has shape {values.shape}")
        try:
            encoded = pc.dictionary_encode(values).combine_chunks()
        except pa.ArrowNotImplementedError as error:
            raise DataError(
                f"{self.path}: column {name!r} must have one category a row, but holds {values.type}"
            ) from error
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        known = [self._category(value) for value in encoded.dictionary.to_pylist()]
        found: NDArray[Any] = np.array([*known, None], dtype=object)[encoded.indices.fill_null(len(known)).to_numpy()]
        return found

    def _category(self, value: Any) -> str | None:
        text = str(value).strip()
        if text in self.missing:
            return None
        found = as_category(text)
        return None if found in map(as_category, self.missing) else found

    def _without_missing(self, array: NDArray[Any]) -> NDArray[Any]:
        """The same numbers, NaN where one stands for no value."""
        marks = [number for number in map(_finite, self.missing) if number is not None]
        if not marks:
            return array
        absent = np.isin(array, marks)
        return np.where(absent, np.nan, array) if absent.any() else array

    def _parsed(self, name: str, values: pa.ChunkedArray) -> NDArray[np.float64]:
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            cells = pc.utf8_trim_whitespace(values)
            cells = pc.if_else(pc.is_in(cells, value_set=pa.array(self.missing, cells.type)), None, cells)
            try:
                values = pc.cast(
                    cells, pa.float64()
                )  # rounds correctly, so that a CSV has exactly the numbers of its table
            except pa.ArrowInvalid:
                parsed = [self._number(name, row, cell) for row, cell in enumerate(cells.to_pylist())]
                return np.array(parsed, dtype=np.float64)
        try:
            array: NDArray[np.float64] = pc.cast(values, pa.float64(), safe=False).to_numpy()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(f"{self.path}: column {name!r} must hold numbers, but holds {values.type}") from error
        return array

    def _number(self, name: str, row: int, cell: str | None) -> float:
        """The number in a cell that Arrow may not parse, such as one with a plus sign or a word for true or false."""
        if cell is None:
            return float("nan")
        if cell.lower() in TRUTHS:
            return float(cell.lower() == "true")
        try:
            return number_in(cell)
        except ValueError as error:
            raise DataError(
                f"{self.place(row)}: column {name!r} must hold numbers, but has {cell[:40]!r}{self.advice}"
            ) from error


def as_category(text: str) -> str:
    """A category by its usual name: 1.0 is `1`, TRUE is `true`."""
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole else TRUTHS.get(text.lower(), text)


def _finite(text: str) -> float | None:
    """The number of a text that means "no value"; None if it is not one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def is_table(data: object) -> bool:
    """Whether something is a data frame of pandas, Polars or the like, or a table of Arrow."""
    return not isinstance(data, Mapping) and hasattr(data, "columns")


def number_in(cell: str) -> float:
    """The number that a text is in a table.

    Raises:
        ValueError: if it is none. Python reads 1_000 as a number, a table does not.
    """
    if "_" in cell:
        raise ValueError(cell)
    return float(cell)


def table_of(data: Any, wanted: Collection[str]) -> Table:
    """A data frame, an Arrow table or a mapping of columns as a table; only the wanted columns are read.

    Raises:
        DataError: if there are no rows, if the wanted columns differ in length, or if one occurs twice or holds neither
            numbers nor texts.
    """
    where = "the data"
    keys = list(
        data.column_names if hasattr(data, "column_names") else data if isinstance(data, Mapping) else data.columns
    )
    columns: dict[str, Any] = {}
    for key in keys:
        if str(key) in columns and str(key) in wanted:
            raise DataError(f"{where} must name each column once, but column {str(key)!r} occurs more than once")
        columns[str(key)] = cells(where, str(key), data[key]) if str(key) in wanted else None
    lengths = {name: len(values) for name, values in columns.items() if name in wanted}
    if not all(lengths.values()):
        raise DataError(f"{where} must have rows, but have none")
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} has {rows}" for name, rows in lengths.items())
        raise DataError(f"columns must have equal numbers of rows, but {listed}")
    return Table(where, columns, MISSING, lambda row: f"row {row} counted from 0")


def cells(where: Path | str, name: str, values: Any) -> Any:
    """A column: an Arrow array with one cell per row, or a numpy array with several numbers per row.

    Raises:
        DataError: if it holds neither numbers nor texts.
    """
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return plain(pa.chunked_array([values]) if isinstance(values, pa.Array) else values)
    if hasattr(values, "to_arrow"):
        return cells(where, name, values.to_arrow())
    if not isinstance(values, np.ndarray) and hasattr(values, "dtype") and getattr(values, "ndim", 1) == 1:
        return _converted(where, name, values)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(f"{where}: the rows of column {name!r} must have one size") from error
    if array.dtype.kind in "Mm":  # dates and times, as texts
        absent, array = np.isnat(array), array.astype(str).astype(object)
        array[absent] = None
    if array.dtype.kind == "O" and array.ndim == 1:
        return _converted(where, name, array)
    if array.dtype.kind not in "buifUS" or array.ndim == 0:
        found = array.dtype if array.ndim else "one value"
        raise DataError(f"{where}: array {name!r} must hold numbers or texts, but holds {found}")
    if array.ndim > 1:
        if array.dtype.kind in "US":
            raise DataError(f"{where}: array {name!r} of texts must have one a row, but has shape {array.shape}")
        return array
    return _converted(where, name, np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array)


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column with its dictionary decoded, such as that of pandas' categories."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _converted(where: Path | str, name: str, values: Any) -> pa.ChunkedArray:
    """An Arrow array with one cell per row. Cells of mixed types become text, as in a CSV."""
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        texts = [None if cell is None or cell != cell else str(cell) for cell in values]  # NaN differs from itself
        array = pa.array(texts, pa.string())
    except pa.ArrowNotImplementedError as error:
        raise DataError(f"{where}: column {name!r} must hold numbers or texts, but holds {values.dtype}") from error
    return plain(array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]))
