"""Splits the rows into train, validation and test."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from valp.errors import DataError
from valp.spaces.own.read_tables import Source
from valp.spaces.own.toml_schema import TomlSplit

Rows = NDArray[np.int64]
Parts = tuple[Rows, Rows, Rows]
NAMES = ("train", "validation", "test")


def split_rows(source: Source, split: TomlSplit) -> Parts:
    """The row numbers of train, validation and test: by file, by a column, or drawn at random.

    Raises:
        DataError: if a split would be empty, the split column has another value, or a class to stratify by has only
            one row.
    """
    if len(source.tables) > 1:
        ends = np.cumsum([0, *map(len, source.tables)])
        train, validation, test = (np.arange(start, end) for start, end in pairwise(ends))
        return train, validation, test
    if split.column is not None:
        return _by_column(source, split.column)
    return _drawn(source, split)


def _by_column(source: Source, column: str) -> Parts:
    texts = source.texts(column)
    for row, text in enumerate(texts):
        if text not in NAMES:
            found = "is empty" if text is None else f"has {text!r}"
            raise DataError(f"{source.place(row)}: column {column!r} must be train, validation or test, but {found}")
    train, validation, test = (np.flatnonzero(texts == name) for name in NAMES)
    for name, rows in zip(NAMES, (train, validation, test), strict=True):
        if not len(rows):
            raise DataError(f"{source.tables[0].path}: column {column!r} must be {name} in at least one row")
    return train, validation, test


def _drawn(source: Source, split: TomlSplit) -> Parts:
    """Shuffles the rows, sorts them by class if stratified, and takes evenly spaced rows for validation and test."""
    count = len(source)
    held, tested = (max(1, round(count * share)) for share in (split.validation, split.test))
    generator = np.random.default_rng(split.seed)
    order = generator.permutation(count)
    first = np.empty(0, np.int64)
    if split.stratify is not None:
        classes = _classes(source, split.stratify)
        order = order[np.argsort(classes[order], kind="stable")]
        # One row of each class goes to the training split: a model knows only the classes of that split.
        starts = np.unique(classes[order], return_index=True)[1]
        first, order = order[starts], np.delete(order, starts)
    if held + tested > len(order) - (not len(first)):
        raise DataError(f"{source.tables[0].path} has {count} rows, which are too few to split")
    order, test = _evenly(order, tested)
    order, validation = _evenly(order, held)
    return np.sort(np.concatenate([first, order])), np.sort(validation), np.sort(test)


def _classes(source: Source, column: str) -> NDArray[np.int64]:
    """The class number of each row. Rows without a class form one more class."""
    texts = source.texts(column)
    known, counts = np.unique(texts[texts != None].astype(str), return_counts=True)  # noqa: E711 - element by element
    if (counts == 1).any():
        raise DataError(
            f"{source.tables[0].path}: each class of column {column!r} must have at least two rows to stratify by it, "
            f"but {str(known[counts == 1][0])!r} has one; merge it with another, or leave out split.stratify"
        )
    numbers = {str(name): i for i, name in enumerate(known)}
    return np.array([numbers.get(text, len(known)) for text in texts])


def _evenly(order: Rows, count: int) -> tuple[Rows, Rows]:
    """Takes `count` evenly spaced rows out of an order. Returns the remaining and the taken rows."""
    places = (2 * np.arange(count) + 1) * len(order) // (2 * count)
    return np.delete(order, places), order[places]
