"""Reads tables in every supported format, and joins the tables of three splits."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from valp.errors import DataError, hint
from valp.model.table import Table, cells, plain
from valp.spaces.own.csv_table import read_csv, require_unique
from valp.spaces.own.image_folder import read_images
from valp.spaces.own.readable_size import require_archive, require_file, require_parquet, require_texts, texts_of
from valp.spaces.own.toml_schema import TomlData

TEXT = (".csv", ".tsv")
SUFFIXES = (*TEXT, ".parquet", ".npz")
PANDAS_INDEX = "__index_level_"

ADVICE = '; a category has type = "discrete", and a text that means "no value" goes into data.missing'
"""The advice after a message about a cell that is not a number."""


@dataclass(frozen=True)
class Source:
    """All rows: one table, or one table each for train, validation and test."""

    tables: tuple[Table, ...]

    @property
    def names(self) -> list[str]:
        """The names of the first table's columns."""
        return self.tables[0].names

    def __len__(self) -> int:
        return sum(map(len, self.tables))

    def numbers(self, name: str) -> NDArray[Any]:
        """A column as numbers; see `Table.numbers`."""
        arrays = [table.numbers(name) for table in self.tables]
        if len({array.shape[1:] for array in arrays}) > 1:
            shapes = ", ".join(f"{table.path}: {a.shape[1:]}" for table, a in zip(self.tables, arrays, strict=True))
            raise DataError(f"rows of {name!r} must have one shape in every split, but have {shapes}")
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def texts(self, name: str) -> NDArray[Any]:
        """A column as categories; see `Table.texts`."""
        return np.concatenate([table.texts(name) for table in self.tables])

    def place(self, row: int) -> str:
        """Where a row is, for error messages."""
        for table in self.tables:
            if row < len(table):
                return table.place(row)
            row -= len(table)
        raise IndexError(row)

    def narrowed(self, names: Sequence[str]) -> "Source":
        """The source with these columns only.

        Raises:
            DataError: if a table lacks a column, or the columns differ in length.
        """
        return Source(tuple(_narrowed(table, names) for table in self.tables))


def read_source(data: TomlData, folder: Path) -> Source:
    """Reads the tables that a description names, relative to its folder.

    Raises:
        DataError: if one cannot be read.
    """
    if data.table is not None and (folder / data.table).is_dir():
        raise DataError(f"{folder / data.table} must be a table, but is a folder; a folder of pictures is data.images")
    if data.images is not None:
        return Source((read_images(folder / data.images, data.no_value, data.size, data.grey),))
    return Source(tuple(read_table(folder / file, data) for file in data.files))


def read_table(path: Path, data: TomlData) -> Table:
    """Reads one table, by the suffix of its file, or a folder of images.

    Raises:
        DataError: if it cannot be read.
    """
    if path.is_dir():
        return read_images(path, data.no_value, data.size, data.grey)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"{path} must be one of {', '.join(SUFFIXES)} or a folder of images; save it as one of these")
    require_file(path)
    try:
        if suffix in TEXT:
            return read_csv(path, path.read_bytes(), data.no_value, data.separator)
        return (_read_parquet if suffix == ".parquet" else _read_npz)(path, data.no_value)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or _short(error)}") from error


def _read_parquet(path: Path, missing: tuple[str, ...]) -> Table:
    try:
        with path.open("rb") as file:
            metadata = pyarrow.parquet.read_metadata(file)
            require_parquet(path, metadata)
            read = pyarrow.parquet.ParquetFile(file, read_dictionary=texts_of(metadata)).read()
        read.validate(full=True)
        require_texts(path, read)
        names = [name for name in read.column_names if not name.startswith(PANDAS_INDEX)]
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path} must be a Parquet file, but is not: {_short(error)}") from error
    require_unique(path, names)
    columns = {name: plain(read.column(name)) for name in names}
    if not columns or not read.num_rows:
        raise DataError(f"{path} must have rows, but has none")
    return Table(path, columns, missing, lambda row: f"{path}, row {row} counted from 0")


def _read_npz(path: Path, missing: tuple[str, ...]) -> Table:
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                require_archive(path, archive)
            arrays = dict(np.load(file, allow_pickle=False))
            strange = next((name for name, array in arrays.items() if not isinstance(array, np.ndarray)), None)
            if strange is not None:
                raise ValueError(f"{strange} is not an array")
        except DataError:
            raise
        except Exception as error:  # zipfile, zlib and numpy raise various errors for a damaged file
            raise DataError(f"{path} must be an NPZ file of plain arrays, but is not: {_short(error)}") from error
    columns = {name: _cells(path, name, array) for name, array in arrays.items()}
    columns = {name: values for name, values in columns.items() if values is not None}
    if not columns:
        raise DataError(f"{path} must have arrays with rows, but has none")
    return Table(path, columns, missing, lambda row: f"{path}, row {row} counted from 0")


def _cells(path: Path, name: str, array: NDArray[Any]) -> Any:
    """An array as a column, or None if it has no rows."""
    return None if array.ndim == 0 or array.size == 0 else cells(path, name, array)


def _narrowed(table: Table, names: Sequence[str]) -> Table:
    for name in names:
        if name not in table.columns:
            raise DataError(f"{table.path} has no column {name!r}{hint(name, table.names)}")
    columns = {name: table.columns[name] for name in names}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} has {rows}" for name, rows in lengths.items())
        raise DataError(f"{table.path}: arrays must have the same number of rows, but {listed}")
    return replace(table, columns=columns, advice=ADVICE)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:100]
