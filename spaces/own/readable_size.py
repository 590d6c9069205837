"""Limits on what is read: the kind of a file, and how large its content is when it is decompressed.

A small file can declare far more than memory holds. What it declares is compared with the limit before it is read.
"""

import stat
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from valp.errors import DataError
from valp.plan.byte_size import most_to_read, size_text

MOST_COLUMNS = 20_000
"""The most columns of a table. An array in an NPZ file may have more variables."""

VALUE = 8
"""The bytes of a number in a column, at most."""


def require_file(path: Path) -> None:
    """Checks that something is a file. Reading a named pipe or a device may never end.

    Raises:
        DataError: if it is not. A file that does not exist is not an error here.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # reading it says why
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise DataError(f"{path} must be a file, but is a named pipe, a device or a socket")


def require_columns(path: Path, count: int) -> None:
    """Checks the number of columns.

    Raises:
        DataError: if there are too many.
    """
    if count > MOST_COLUMNS:
        raise DataError(
            f"{path} must have at most {MOST_COLUMNS:,} columns, but has {count:,}; give variables that belong "
            "together as one array in an .npz file"
        )


def require_archive(path: Path, archive: zipfile.ZipFile) -> None:
    """Checks the size that the members of an archive have when they are decompressed.

    Raises:
        DataError: if they are too large.
    """
    members = archive.infolist()
    require_columns(path, len(members))
    _require_size(path, sum(member.file_size for member in members))


def require_parquet(path: Path, metadata: Any) -> None:
    """Checks the number of columns of a Parquet file, and the size that its metadata declares.

    Raises:
        DataError: if they are too large.
    """
    require_columns(path, metadata.num_columns)
    size = 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for place in range(group.num_columns):
            column, width = group.column(place), metadata.schema.column(place).length
            size += max(column.total_uncompressed_size, column.num_values * max(VALUE, width))
    _require_size(path, size)


def texts_of(metadata: Any) -> list[str]:
    """The columns of a Parquet file that hold texts of any length."""
    columns = map(metadata.schema.column, range(metadata.num_columns))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def require_texts(path: Path, table: pa.Table) -> None:
    """Checks the size of texts that are stored once and occur in many rows.

    Raises:
        DataError: if they are too large when each row has its own.
    """
    size = 0
    for column in table.columns:
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            lengths = pc.binary_length(chunk.dictionary)
            size += pc.sum(pc.take(lengths, chunk.indices).cast(pa.int64())).as_py() or 0
    _require_size(path, size)


def _require_size(path: Path, size: int) -> None:
    if size > most_to_read():
        raise DataError(
            f"{path} must have at most {size_text(most_to_read())} of data, half of this machine's memory, but has "
            f"{size_text(size)} when it is decompressed"
        )
