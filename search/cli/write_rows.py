"""Writes predictions or samples as CSV, Parquet or NPZ."""

import csv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valp.errors import FileError, SettingError
from valp.files import replacing
from valp.model.spreadsheet_text import neutral

TABLES = (".csv", ".parquet")
ARRAYS = ".npz"


def require_suffix(path: Path, known: Sequence[str]) -> str:
    """The suffix of an output file.

    Raises:
        SettingError: if the suffix is not one of those known.
        FileError: if the path is a folder.
    """
    suffix = path.suffix.lower()
    if suffix not in known:
        raise SettingError(f"-o must end in {', '.join(known[:-1])} or {known[-1]}, but is {path}")
    if path.is_dir():
        raise FileError(f"{path} cannot be written: it is a folder")
    return suffix


def write_table(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Writes columns (n,) as a CSV or Parquet file, depending on the suffix, whole or not at all.

    In a CSV file, text that a spreadsheet would run as a formula begins with an apostrophe; see
    `valp.model.spreadsheet_text`.

    Raises:
        FileError: if it cannot be written.
    """
    with replacing(path) as temporary:
        if path.suffix.lower() == ".csv":
            with temporary.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(map(neutral, columns))
                writer.writerows(zip(*map(_cells, columns.values()), strict=True))
        else:
            import pyarrow as pa
            import pyarrow.parquet

            table = pa.table({name: pa.array(values) for name, values in columns.items()})
            pa.parquet.write_table(table, temporary)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays (n, …) as an NPZ file, whole or not at all. Objects become texts.

    Raises:
        FileError: if it cannot be written.
    """
    plain = {name: np.array(_texts(array)) if array.dtype.kind == "O" else array for name, array in arrays.items()}
    # `np.savez` takes no array of the name `file`.
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in plain.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as part:
                np.lib.format.write_array(part, array, allow_pickle=False)


def _cells(values: NDArray[Any]) -> list[str]:
    """The cells of a CSV column. Numbers are left as they are."""
    texts = _texts(values)
    return texts if values.dtype.kind in "biuf" else [neutral(text) for text in texts]


def _texts(values: NDArray[Any]) -> list[str]:
    """The values of a column as texts. A float32 number has as many digits as it needs to be read back exactly."""
    if values.dtype.kind == "O":
        return ["" if cell is None else str(cell) for cell in values]
    texts: list[str] = values.astype(str).tolist()
    return texts
