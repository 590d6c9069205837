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
    """The separator that occurs most often in the header; first those that occur as often in the lines below it."""
    lines = [line.decode(errors="replace") for line in content.split(b"\n", GUESSED_LINES)[:GUESSED_LINES] if line]

    def cells(line: str, separator: str) -> int:
        return len(next(csv.reader([line], delimiter=separator), []))

    def sure(separator: str) -> tuple[bool, int]:
        count = cells(lines[0], separator)
        return count > 1 and all(cells(line, separator) == count for line in lines), count

    try:
        return max(SEPARATORS, key=sure) if lines else SEPARATORS[0]
    except csv.Error:  # such as a cell of more than 131,072 characters
        return max(SEPARATORS, key=lines[0].count)


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
