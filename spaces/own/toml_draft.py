"""Drafts a TOML file for a table. It lists a profile of every column, and guesses the inputs and the output."""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path

from valp.errors import DataError
from valp.model.table import MISSING, Table
from valp.spaces.own.column_profile import ColumnProfile, profile
from valp.spaces.own.csv_table import GUESSED_FROM, guess_separator
from valp.spaces.own.image_folder import image_files, open_picture, read_images
from valp.spaces.own.read_columns import matching
from valp.spaces.own.read_tables import TEXT, read_table
from valp.spaces.own.toml_schema import TomlData

FEWEST = 10
"""The fewest rows for three splits."""

GROUPED = 4
"""Columns like x1, x2, … become one pattern if there are at least this many."""

HEADER = ["column", "distinct", "missing", "from … to, or the most frequent", "kind"]


def draft(table: Path, folder: Path = Path()) -> str:
    """The text of a TOML file that describes a table. It can be loaded unchanged.

    The last column that can be an output becomes the output. All other usable columns become inputs.

    Args:
        table: a CSV, Parquet or NPZ file, or a folder of images.
        folder: the folder of the TOML file. Paths in the file are relative to it.

    Raises:
        DataError: if the table cannot be read, has too few rows, or has no column for an output or for an input.
    """
    read, options = _read(table)
    if len(read) < FEWEST:
        raise DataError(f"{table} must have at least {FEWEST} rows for a draft, but has {len(read)}")
    columns = [profile(read, name) for name in read.names]
    placeholders = _placeholders(read, columns)
    if placeholders and not table.is_dir():
        read = replace(read, missing=(*read.missing, *placeholders))
        columns = [profile(read, name) for name in read.names]
        options.append(f'missing = {_list(placeholders)}    # texts that mean "no value"')
    output = _output(table, columns)
    inputs = [column for column in columns if not column.left_out and column is not output]
    if not inputs:
        reasons = (f"{column.name!r}: {column.reason}" for column in columns if column is not output)
        raise DataError(
            f"{table} must have a column to learn {output.name!r} from, but no other column is usable"
            + "".join(f"; {one}" for one in islice(reasons, GROUPED))
        )
    path = Path(os.path.relpath(table, folder)).as_posix()
    lines = [
        "# A draft: check the inputs and outputs, then give this file to `valp search`.",
        "#",
        *_columns_listed(columns),
        "",
        f"title = {_text(table.stem)}",
        "",
        "[data]",
        f"{'images' if table.is_dir() else 'table'} = {_text(path)}",
        *options,
        "",
        "[split]",
        "validation = 0.15",
        "test = 0.15",
        *([f"stratify = {_text(output.name)}    # each class keeps its share in every split"] * output.classes),
        "",
        *_inputs(inputs, output, read),
        *_outputs(output, inputs, read),
    ]
    return "\n".join(lines) + "\n"


def _placeholders(table: Table, columns: Sequence[ColumnProfile]) -> list[str]:
    """The texts that mean "no value" among numbers, and are no category of another column."""
    found = {text for column in columns for text in column.placeholders}
    for column in columns:
        if found and column.kind == "texts" and not column.placeholders:
            try:
                found -= set(table.texts(column.name))
            except DataError:
                continue  # it holds no categories
    return sorted(found)


def _read(path: Path) -> tuple[Table, list[str]]:
    """Reads the table. Also returns the lines of [data] that say how to read it."""
    if path.is_dir():
        size = _common_size(path)
        lines = [f"size = {list(size)}    # (height, width) that all pictures are resized to"] if size else []
        return read_images(path, MISSING, size, grey=False), lines
    separator = None
    if path.suffix.lower() in TEXT and path.is_file():
        with path.open("rb") as file:
            separator = guess_separator(file.read(GUESSED_FROM))
    table = read_table(path, TomlData(table=path.name, separator=separator))
    rows = {name: len(values) for name, values in table.columns.items()}
    common = max(rows.values(), key=lambda count: (list(rows.values()).count(count), count))
    columns = {name: values for name, values in table.columns.items() if rows[name] == common}
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    lines = [f"separator = {_text(separator)}"] if separator not in (None, usual) else []
    lines += [
        f"# array {_text(name)} is left out: it has {rows[name]} rows, not {common}"
        for name in rows
        if name not in columns
    ]
    return Table(path, columns, table.missing, table.place), lines


def _common_size(folder: Path) -> tuple[int, int] | None:
    """The most frequent (H, W) of the pictures, or None if all have the same."""
    sizes: Counter[tuple[int, int]] = Counter()
    for file in image_files(folder):
        try:
            with open_picture(file) as picture:
                sizes[picture.height, picture.width] += 1
        except Exception:
            continue  # reading the folder then reports this file
    return sizes.most_common(1)[0][0] if len(sizes) > 1 else None


def _output(table: Path, columns: Sequence[ColumnProfile]) -> ColumnProfile:
    for column in reversed(columns):
        if not column.left_out and (column.classes or column.kind == "numbers"):
            return column
    raise DataError(
        f"{table} must have a column to learn, with numbers or with classes of at least two rows each, but has none; "
        "if the output is an array, write the file by hand"
    )


def _columns_listed(columns: Sequence[ColumnProfile]) -> list[str]:
    rows = [HEADER, *(column.cells() for column in columns)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    return ["# " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _inputs(inputs: Sequence[ColumnProfile], output: ColumnProfile, table: Table) -> list[str]:
    lines: list[str] = []
    taken = {identifier(output.name)}
    numbers = [column for column in inputs if column.kind == "numbers"]
    if numbers:
        lines += [
            f"[inputs.{unused('numbers', taken)}]",
            'type = "numeric"    # numbers: standardised by the training split',
            f"columns = {_list(_patterns([column.name for column in numbers], table.names))}",
            *(['missing = "mean"    # what fills empty cells'] if any(column.missing for column in numbers) else []),
            "",
        ]
    for column in inputs:
        if column.kind == "texts":
            lines += [
                f"[inputs.{unused(identifier(column.name), taken)}]",
                f'type = "discrete"    # a category; {column.distinct} of them',
                f"column = {_text(column.name)}",
                "",
            ]
        if column.kind == "array":
            lines += [f"[inputs.{unused(identifier(column.name), taken)}]", *_array(column), ""]
    return lines


def _array(column: ColumnProfile) -> list[str]:
    lines = ['type = "numeric"' if len(column.shape) == 1 else 'type = "features"', f"array = {_text(column.name)}"]
    if len(column.shape) == 2:
        lines.append(
            f"shape = {[1, *column.shape]}    # an image (C, H, W); {list(column.shape)} for a sequence (C, T)"
        )
    if len(column.shape) > 3:
        lines[0] = 'type = "numeric"'
    return [*lines, *(['missing = "mean"    # what fills empty cells'] if column.missing else [])]


def _outputs(output: ColumnProfile, inputs: Sequence[ColumnProfile], table: Table) -> list[str]:
    lines = [
        f"[outputs.{identifier(output.name)}]",
        'type = "discrete"    # classes to tell apart'
        if output.classes
        else 'type = "numeric"    # numbers to predict',
        f"column = {_text(output.name)}",
        *([_class_weights(output)] if output.classes else []),
    ]
    arrays = [column for column in inputs if column.kind == "array"]
    numbers = [column.name for column in inputs if column.kind == "numbers"]
    if arrays or numbers:
        source = f"array = {_text(arrays[0].name)}" if arrays else f"columns = {_list(_patterns(numbers, table.names))}"
        lines += [
            "",
            "# To generate rows like these as well:",
            f"# [outputs.{unused('generated', {identifier(output.name), *(identifier(c.name) for c in inputs)})}]",
            '# type = "samples"',
            *(f"# {line}" for line in source.splitlines()),
        ]
    return lines


def _class_weights(output: ColumnProfile) -> str:
    """The line on class weights: it is in use if a class is rare."""
    if output.rare:
        reason = f"the rarest class has {output.rarest} of {output.rows} rows; all count alike"
        return f'class_weights = "balanced"    # {reason}'
    return '# class_weights = "balanced"    # if some classes are rare'


def _patterns(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The names, with columns like x1, x2, … replaced by a pattern if it matches no other column."""
    found: list[str] = []
    for stem, group in groupby(names, key=lambda name: re.sub(r"\d+$", "", name)):
        members = list(group)
        grouped = len(members) >= GROUPED and not stem.startswith("!")
        alike = grouped and set(matching("", [f"{stem}*"], known)) == set(members)
        found += [f"{stem}*"] if alike else members
    return found


def _list(names: Sequence[str]) -> str:
    line = f"[{', '.join(map(_text, names))}]"
    return line if len(line) < 100 else "[\n" + "".join(f"  {_text(name)},\n" for name in names) + "]"


def _text(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def identifier(name: str) -> str:
    """A valid name for an input or output, made from a column's name."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:60] or "column"
    return f"_{plain}" if plain[0].isdigit() else plain


def unused(name: str, taken: set[str]) -> str:
    """A name that is not taken yet, made from `name`. It is added to `taken`."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found
