"""A table as every kind of file gives it: columns by name, and what a message calls a row."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from valp.errors import DataError

LARGEST = float(np.finfo(np.float32).max)
WHOLE = re.compile(r"(-?\d+)\.0+")
TRUTHS = {"false": "false", "true": "true"}


@dataclass(frozen=True)
class Table:
    """Columns of as many rows each.

    Attributes:
        path: of the file or folder.
        columns: by name: one cell a row, or an array (n, …) with several numbers a row.
        missing: the texts that mean "no value".
        place: what a message calls a row, counted from 0.
    """

    path: Path
    columns: dict[str, Any]
    missing: tuple[str, ...]
    place: Callable[[int], str] = field(repr=False)

    @property
    def names(self) -> list[str]:
        """Of the columns, as the file orders them."""
        return list(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def numbers(self, name: str) -> NDArray[Any]:
        """A column as numbers, NaN where there is no value: (n,), or (n, …) if a row has several.

        Raises:
            DataError: if a cell is no number, infinite, or larger than float32 can hold.
        """
        values = self.columns[name]
        array = values if isinstance(values, np.ndarray) else self._parsed(name, values)
        if array.dtype.kind == "f":
            wrong = np.abs(array) > LARGEST
            if wrong.any():
                row = int(wrong.reshape(len(array), -1).any(1).argmax())
                found = array[row][wrong[row]].flat[0] if array.ndim > 1 else array[row]
                raise DataError(f"{self.place(row)}: column {name!r} must hold finite float32 numbers, but has {found}")
        return array

    def texts(self, name: str) -> NDArray[Any]:
        """A column as categories: (n,) texts, None where there is no value.

        A category has one text, whatever the file: 1, 1.0 and "1" are `1`, True and "TRUE" are `true`.

        Raises:
            DataError: if a row has several values.
        """
        values = self.columns[name]
        if isinstance(values, np.ndarray):
            raise DataError(f"{self.path}: array {name!r} must have one category a row, but has shape {values.shape}")
        encoded = pc.dictionary_encode(values).combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        known = [self._category(value) for value in encoded.dictionary.to_pylist()]
        found: NDArray[Any] = np.array([*known, None], dtype=object)[encoded.indices.fill_null(len(known)).to_numpy()]
        return found

    def _category(self, value: Any) -> str | None:
        text = str(value).strip()
        if text in self.missing:
            return None
        whole = WHOLE.fullmatch(text)
        return whole[1] if whole else TRUTHS.get(text.lower(), text)

    def _parsed(self, name: str, values: pa.ChunkedArray) -> NDArray[np.float64]:
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            cells = pc.utf8_trim_whitespace(values)
            cells = pc.if_else(pc.is_in(cells, value_set=pa.array(self.missing, cells.type)), None, cells)
            try:
                values = pc.cast(cells, pa.float64())  # correctly rounded, so that a CSV is its table bit by bit
            except pa.ArrowInvalid:
                parsed = [self._number(name, row, cell) for row, cell in enumerate(cells.to_pylist())]
                return np.array(parsed, dtype=np.float64)
        try:
            array: NDArray[np.float64] = pc.cast(values, pa.float64(), safe=False).to_numpy()
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(f"{self.path}: column {name!r} must hold numbers, but holds {values.type}") from error
        return array

    def _number(self, name: str, row: int, cell: str | None) -> float:
        """A cell that Arrow may not read: a sign or a word for a truth value before all else."""
        if cell is None:
            return float("nan")
        if cell.lower() in TRUTHS:
            return float(cell.lower() == "true")
        try:
            return float(cell)
        except ValueError as error:
            raise DataError(
                f"{self.place(row)}: column {name!r} must hold numbers, but has {cell[:40]!r}; "
                'a category has type = "discrete", and a text that means "no value" goes into data.missing'
            ) from error
