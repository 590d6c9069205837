"""Reads a file of raw rows for a trained model."""

import csv
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from valp.errors import DataError
from valp.model.preprocessing import Column
from valp.model.spreadsheet_text import as_it_was
from valp.model.table import MISSING, Table, cells
from valp.spaces.own.csv_table import GUESSED_FROM, SEPARATORS, first_lines, guess_separator, usual_separator
from valp.spaces.own.image_folder import SUFFIXES as PICTURES
from valp.spaces.own.image_folder import files_in, image_files, open_picture, read_files
from valp.spaces.own.read_tables import SUFFIXES, TEXT, read_table
from valp.spaces.own.readable_size import require_file
from valp.spaces.own.toml_schema import TomlData
from valp.spaces.problem.scaling import PIXEL_SCALE

IMAGE, FILE = "image", "file"
"""The columns of pictures: their values, (n, C, H, W), and the path of each."""


def read_rows(path: Path, inputs: Sequence[Column], say: Callable[[str], object]) -> Table:
    """Reads the rows of a file.

    The file is a CSV or Parquet table, an NPZ file of arrays, an NPY file (if the model has one input), a picture, or
    a folder of pictures, with or without sub-folders. Pictures get the size and channels that the model takes; `say`
    is called if pictures are resized.

    Args:
        path: the file or folder.
        inputs: the columns of the model's inputs that are needed.
        say: called with notes for the user.

    Raises:
        DataError: if the file cannot be read or has another format.
    """
    require_file(path)
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in PICTURES:
        return _pictures(path, inputs, say)
    if suffix == ".npy":
        return _array(path, inputs)
    if suffix not in SUFFIXES:
        known = ", ".join((*SUFFIXES, ".npy"))
        raise DataError(f"{path} must be one of {known}, or a picture or a folder of pictures; save it as one of these")
    needed = {field for column in inputs for field in column.fields or (column.name,)}
    return read_table(path, TomlData(table=path.name, separator=_separator(path, needed) if suffix in TEXT else None))


def raw_column(table: Table, name: str) -> NDArray[Any]:
    """A column as in its file: (n,) texts for a CSV, otherwise an array (n, …)."""
    values = table.columns[name]
    if isinstance(values, np.ndarray):
        return values
    if values.null_count and pa.types.is_integer(values.type):  # as floats, large numbers would change
        return np.array(values.to_pylist(), dtype=object)
    found: NDArray[Any] = values.to_numpy()
    return found


def _separator(path: Path, needed: Collection[str]) -> str | None:
    """The separator with which the header has most of the needed columns, first the usual one; None if it is that."""
    try:
        with path.open("rb") as file:
            content = file.read(GUESSED_FROM)
    except OSError:
        return None  # reading the table then raises the error
    text = next(iter(first_lines(content)), "")
    usual = usual_separator(path)
    found = {one: sum(name in needed for name in _names(text, one)) for one in (usual, *SEPARATORS)}
    best = max(found, key=lambda one: found[one])
    if not found[best] and usual not in text:
        return guess_separator(content)
    return None if best == usual else best


def _names(header: str, separator: str) -> list[str]:
    """The names in a header of one line."""
    try:
        return [as_it_was(name.strip()) for name in next(csv.reader([header], delimiter=separator), [])]
    except csv.Error:
        return []


def _array(path: Path, inputs: Sequence[Column]) -> Table:
    if len(inputs) != 1:
        names = ", ".join(part.name for part in inputs)
        raise DataError(
            f"{path} holds one array, but the model needs {names}: give an .npz file with an array for each"
        )
    try:
        with path.open("rb") as file:
            array = np.load(file, allow_pickle=False)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # numpy raises various errors for a damaged file
        reason = " ".join(str(error).split())[:100]
        raise DataError(f"{path} must be an NPY file of a plain array, but is not: {reason}") from error
    if not isinstance(array, np.ndarray) or array.ndim == 0 or array.size == 0:
        raise DataError(f"{path} must have rows, but has none")
    name = inputs[0].name
    return Table(path, {name: cells(path, name, array)}, MISSING, lambda row: f"{path}, row {row} counted from 0")


def _pictures(path: Path, inputs: Sequence[Column], say: Callable[[str], object]) -> Table:
    """Reads pictures as the model's only image input, and the names of their sub-folders as `label`."""
    images = [part for part in inputs if part.image is not None]
    if len(images) != 1 or images[0].image is None:
        found = ", ".join(part.name for part in images) or "none"
        raise DataError(f"{path} holds pictures, so the model must have one input that is an image, but has {found}")
    (channels, height, width), part = images[0].image, images[0]
    learnt_from_pictures = IMAGE in part.fields
    if not learnt_from_pictures and (part.offset, part.scale) != (0, PIXEL_SCALE):
        raise DataError(
            f"{path} holds 8-bit pictures, but the values of {part.name!r} have another range: "
            "give them as an array in an .npz or .npy file"
        )
    files = _files(path)
    table = read_files(path, files, MISSING, (height, width), grey=channels == 1)
    values = table.columns[IMAGE]
    if values.shape[1] == 1 and channels == 3:
        values = np.repeat(values, 3, axis=1)
    resized = sum(_size(file) != (height, width) for file in files)
    if resized:
        say(f"note: {resized} of {len(files)} pictures are resized to {height}×{width}, the size that the model takes")
    name = IMAGE if learnt_from_pictures else part.name
    return replace(table, columns={**table.columns, name: values, FILE: cells(path, FILE, list(map(str, files)))})


def _files(path: Path) -> list[Path]:
    """The picture files: the file itself, those in the folder, or those in its sub-folders."""
    if not path.is_dir():
        if not path.is_file():
            raise DataError(f"{path} cannot be read: there is no such file")
        return [path]
    return [file for file in files_in(path) if file.suffix.lower() in PICTURES] or image_files(path)


def _size(file: Path) -> tuple[int, int]:
    with open_picture(file) as picture:
        return picture.height, picture.width
