"""Reads a CSV file as a table. Cells stay text until an input or output says what they mean.

An apostrophe that `valp predict` has put before a text that looks like a formula is removed.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from valp.errors import DataError
from valp.model.spreadsheet_text import as_it_was
from valp.model.table import Table
from valp.spaces.own.readable_size import require_columns

SEPARATORS = ",;\t|"

GUESSED_LINES = 10
"""The lines from which a separator is guessed."""

GUESSED_FROM = 1 << 20
"""The bytes in which these lines are."""


def read_csv(path: Path, content: bytes, missing: tuple[str, ...], separator: str | None) -> Table:
    """Reads a CSV file with a header.

    Raises:
        DataError: if the file is not UTF-8, has no rows, or a line has more or fewer cells than the header.
    """
    text = _decoded(path, content)
    separator = separator or usual_separator(path)
    records = _records(path, text, separator)
    header = [as_it_was(name.strip()) for name in next(records, (1, []))[1]]
    if not header:
        raise DataError(f"{path} must have a header and rows, but is empty")
    require_columns(path, len(header))
    if content.count(b'"') % 2:
        for _ in _records(path, text, separator, strict=True):
            pass  # in strict mode an unclosed quote is an error; otherwise it would swallow the following lines
    names = [str(i) for i in range(len(header))]
    try:
        read = pyarrow.csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=1 << 24),
            parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        for line, cells in records:
            if len(cells) != len(header):
                raise DataError(
                    f"{path}, line {line} must have {len(header)} cells like the header, but has {len(cells)}"
                ) from error
        raise DataError(f"{path} must be a CSV file, but is not: {' '.join(str(error).split())[:100]}") from error
    if read.num_rows < 2:
        raise DataError(f"{path} must have rows, but has only a header")
    require_unique(path, header)
    columns = {name: _as_they_were(read.column(i).slice(1)) for i, name in enumerate(header)}

    def place(row: int) -> str:
        found = (line for i, (line, _) in enumerate(_records(path, text, separator)) if i == row + 1)
        return f"{path}, line {next(found)}"

    return Table(path, columns, missing, place)


def _as_they_were(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells of a column as they were before they were written for spreadsheets."""
    if not pyarrow.compute.any(pyarrow.compute.starts_with(cells, "'")).as_py():
        return cells
    return pa.chunked_array([[None if cell is None else as_it_was(cell) for cell in cells.to_pylist()]], pa.string())


def require_unique(path: Path, names: list[str]) -> None:
    """Raises DataError if two columns have the same name."""
    for name, count in Counter(names).items():
        if count > 1:
            raise DataError(f"{path} must name each column once, but column {name!r} appears more than once")


def guess_separator(content: bytes) -> str:
    """The separator that is as often in each of the first lines as in the header, and else the most frequent in it.

    Of several such ones a comma is the last, because it is in texts and in numbers, too.

    Args:
        content: the beginning of the file.
    """
    lines = first_lines(content)
    if not lines:
        return SEPARATORS[0]
    try:
        counts = {one: [len(next(csv.reader([line], delimiter=one), [])) for line in lines] for one in SEPARATORS}
    except csv.Error:  # such as a cell of more than 131,072 characters
        counts = {}
    sure = {one: found[0] for one, found in counts.items() if found[0] > 1 and len(set(found)) == 1}
    return max(sure, key=lambda one: (one != ",", sure[one])) if sure else max(SEPARATORS, key=lines[0].count)


def first_lines(content: bytes) -> list[str]:
    """The first lines that are not blank, of the beginning of a file, without a last one that may be cut off."""
    lines = content[:GUESSED_FROM].decode("utf-8-sig", errors="replace").splitlines()
    whole = lines[:-1] if len(content) >= GUESSED_FROM and len(lines) > 1 else lines
    return [line for line in whole if line.strip()][:GUESSED_LINES]


def usual_separator(path: Path) -> str:
    """The separator by the suffix: a tab in a .tsv file, otherwise a comma."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: a CSV file must be UTF-8 text, but this line is not") from error


def _records(path: Path, text: str, separator: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {line}: not a line of a CSV file ({error})") from error
