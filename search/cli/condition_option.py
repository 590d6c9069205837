"""The option `--condition` of `valp generate`: classes, or a file with rows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from valp.errors import SettingError
from valp.model.model import Model
from valp.model.preprocessing import Column

MOST_NAMES = 10
"""The most classes that a message lists."""


def conditions_of(loaded: Model, asked: Sequence[str], say: Callable[[str], None]) -> tuple[dict[str, Any], int]:
    """The raw rows of the conditions of samples, and their number; no rows if none are given.

    Args:
        loaded: the model.
        asked: the values of the option: `NAME=CLASS`, a class, or a file.
        say: called with a line about the data.

    Raises:
        SettingError: if a value does not fit, or a condition that must be given is missing.
        DataError: if a file cannot be read.
    """
    needed = [column for column in (*loaded.inputs, *loaded.outputs) if column.name in loaded.conditions()]
    if asked and not needed:
        raise SettingError("nothing conditions the samples of this model, so --condition must be left out")
    named, files = dict[str, int | str](), list[str]()
    for text in asked:
        found = _class_of(needed, text)
        if found is None:
            files.append(text)
        elif named.setdefault(*found) != found[1]:
            raise SettingError(f"--condition must give one class of {found[0]!r}, but gives two")
    left = [column for column in needed if column.name not in named]
    must = [column for column in left if column.name not in loaded.manifest.shares]
    if not files and not must:
        return {name: [found] for name, found in named.items()}, int(bool(named))
    columns = must or left
    if len(files) != 1 or not columns or not Path(files[0]).exists():
        raise SettingError(_wanted(columns or needed, files))
    inputs, rows = _rows(files[0], left, must, say)
    return {**inputs, **{name: [found] * rows for name, found in named.items()}}, rows


def _class_of(columns: Sequence[Column], text: str) -> tuple[str, int | str] | None:
    """The condition and the class that `NAME=CLASS` or a class stands for; None if it may be a file.

    Raises:
        SettingError: if NAME is a condition, but not a class, or has no such class.
    """
    name, equals, word = text.partition("=")
    column = next((column for column in columns if equals and column.name == name), None)
    if column is not None:
        found = _class(column, word) if column.has_class else None
        if found is None:
            known = f"a class of it ({_classes(column)})" if column.has_class else "a file with rows of it"
            raise SettingError(f"--condition for {name!r} must be {known}, but is {word!r}")
        return name, found
    if len(columns) != 1 or not columns[0].has_class:
        return None
    found = _class(columns[0], text)
    return None if found is None else (columns[0].name, found)


def _rows(
    file: str, left: Sequence[Column], must: Sequence[Column], say: Callable[[str], None]
) -> tuple[dict[str, Any], int]:
    """The rows of a file. Classes that could be drawn may be missing in it, if there are other conditions."""
    from valp.model.raw_inputs import has_fields, raw_inputs, unseen
    from valp.spaces.own.read_rows import read_rows

    table = read_rows(Path(file), left, say)
    columns = [column for column in left if column in must or has_fields(table, column)] or list(left)
    inputs = raw_inputs(table, columns)
    for remark in unseen(inputs, columns):
        say(f"note: {remark}")
    return dict(inputs), len(next(iter(inputs.values())))


def _wanted(columns: Sequence[Column], files: Sequence[str]) -> str:
    """The sentence that says what the option must be."""
    names = " and ".join(f"{column.name!r} ({column.type})" for column in columns)
    alone = columns[0] if len(columns) == 1 and columns[0].has_class else None
    wanted = f"a class ({_classes(alone)}) or a file with rows of it" if alone else "a file with rows of it"
    found = f", but is {' and '.join(map(repr, files))}" if files else ""
    return f"the samples of this model are conditioned on {names}, so --condition must be {wanted}{found}"


def _class(column: Column, word: str) -> int | str | None:
    """The class with a name, or else with a number: its name if it has one; None if there is no such class."""
    if column.classes and word in column.classes:
        return word
    if column.named_by_numbers or not word.isdecimal() or int(word) >= column.size:
        return None
    return column.classes[int(word)] if column.classes else int(word)


def _classes(column: Column) -> str:
    if column.classes is None:
        return f"0 to {column.size - 1}"
    return ", ".join(column.classes[:MOST_NAMES]) + (", …" if column.size > MOST_NAMES else "")
