"""Loads the problem that a TOML file describes."""

import re
from pathlib import Path

from valp.errors import DataError, hint
from valp.spaces.own.read_columns import Reader, matching
from valp.spaces.own.read_tables import read_source
from valp.spaces.own.read_toml import read_description
from valp.spaces.own.split_rows import split_rows
from valp.spaces.own.toml_schema import Own, SamplesOutput, TomlSplit
from valp.spaces.problem.problem import Problem

Fields = dict[str, tuple[str, ...]]


def load_own(path: Path) -> Problem:
    """Loads the problem that a TOML file describes, with its data. docs/own-data.md explains the file.

    Raises:
        DataError: if the file or its data cannot be read, or they do not match. The message names the file, line or
            column.
    """
    described = read_description(path)
    source = read_source(described.data, path.parent)
    try:
        fields = _fields(described, source.names)
        _require_no_answers(described, fields)
        read = [name for names in fields.values() for name in names] + _read_by_split(described.split, source.names)
        source = source.narrowed(list(dict.fromkeys(read)))
        parts = split_rows(source, described.split)
        reader = Reader(source, parts, described.data.missing)
        return Problem.from_arrays(
            name_of(path),
            title=described.title,
            inputs={
                name: reader.input(f"inputs.{name}", part, fields[name]) for name, part in described.inputs.items()
            },
            outputs={
                name: reader.output(f"outputs.{name}", part, fields[name]) for name, part in described.outputs.items()
            },
            splits=parts,
            conditions=described.conditions,
        )
    except DataError as error:
        if any(str(error).startswith(str(table.path)) for table in source.tables):
            raise
        raise DataError(f"{path}: {error}") from error


def name_of(path: Path) -> str:
    """The problem's name, made from its file's name. It is also used in the names of folders and models."""
    return re.sub(r"[^\w-]+", "-", path.stem).strip("-") or "own"


def _fields(described: Own, names: list[str]) -> Fields:
    """The columns of each input and output."""
    fields: Fields = {}
    for what, parts in (("inputs", described.inputs), ("outputs", described.outputs)):
        for name, part in parts.items():
            fields[name] = matching(f"{what}.{name}", part.patterns, names)
            if len(fields[name]) > 1 and not getattr(part, "columns", None):
                found = " and ".join(fields[name][:2])
                raise DataError(f"{what}.{name} must name one column, but {part.patterns[0]!r} matches {found}")
    return fields


def _read_by_split(split: TomlSplit, names: list[str]) -> list[str]:
    """The columns that are needed to split the rows."""
    asked = {"stratify": split.stratify, "column": split.column}
    for key, column in asked.items():
        if column is not None and column not in names:
            raise DataError(f"split.{key}: there is no column {column!r}{hint(column, names)}")
    return [column for column in asked.values() if column is not None]


def _require_no_answers(described: Own, fields: Fields) -> None:
    """Raises DataError if an input contains a column that an output predicts. Samples outputs are exempt."""
    for output, part in described.outputs.items():
        if isinstance(part, SamplesOutput):
            continue
        predicted = frozenset(fields[output])
        for name in described.inputs:
            both = [field for field in fields[name] if field in predicted]
            if both:
                raise DataError(
                    f"column {both[0]!r} is in inputs.{name} and in outputs.{output}, which gives the answer away; "
                    f'take it out of the input, for example with "!{both[0]}" after a pattern'
                )
