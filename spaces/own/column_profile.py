"""What the columns of a table look like, and what they are taken for."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from valp.errors import DataError
from valp.model.table import Table

FEW = 10
"""Whole numbers with no more distinct values than this may be classes."""

SCARCE = 0.2
"""Columns with values in a smaller share of the rows are left out."""

SHOWN = 4
"""Categories that a comment names, at most."""


@dataclass(frozen=True)
class ColumnProfile:
    """A column at a glance.

    Attributes:
        name: of the column.
        kind: what its cells are; an `array` has several numbers a row.
        shape: of a row of an array.
        distinct: the number of distinct values.
        missing: the share of rows without a value.
        span: its range, or its most frequent categories.
        classes: whether it can be learnt as classes: few, each with two rows or more.
        left_out: why it is of no use, if it is not.
    """

    name: str
    kind: Literal["numbers", "texts", "array"]
    shape: tuple[int, ...]
    distinct: int
    missing: float
    span: str
    classes: bool
    left_out: str = ""

    def cells(self) -> list[str]:
        """The cells of its row in the draft's table of columns."""
        kind = f"array {list(self.shape)}" if self.shape else self.kind
        if self.left_out:
            kind += f", left out: {self.left_out}"
        return [json.dumps(self.name, ensure_ascii=False), str(self.distinct), f"{self.missing:.1%}", self.span, kind]


def profile(table: Table, name: str) -> ColumnProfile:
    """A column's profile."""
    try:
        values = table.numbers(name)
    except DataError:
        return _of_texts(table, name)
    present = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    known, counts = np.unique(present, return_counts=True)
    if values.ndim == 1 and len(known) <= 2 and _are_truths(table, name):
        return _of_texts(table, name)
    span = f"{known[0]:.6g} … {known[-1]:.6g}" if len(known) else "–"
    few = 2 <= len(known) <= FEW and bool((known == np.round(known)).all() and (counts > 1).all())
    return ColumnProfile(
        name,
        kind="array" if values.ndim > 1 else "numbers",
        shape=values.shape[1:],
        distinct=len(known),
        missing=1 - present.size / values.size,
        span=span,
        classes=values.ndim == 1 and few,
        left_out=_of_no_use(len(known), present.size / values.size),
    )


def _are_truths(table: Table, name: str) -> bool:
    """Whether cells that count as numbers are true and false."""
    return {"true", "false"} >= {text for text in table.texts(name) if text is not None}


def _of_texts(table: Table, name: str) -> ColumnProfile:
    texts = table.texts(name)
    counts = Counter(text for text in texts if text is not None)
    rows = counts.total()
    shown = [json.dumps(text[:20], ensure_ascii=False)[1:-1] for text, _ in counts.most_common(SHOWN)]
    reason = _of_no_use(len(counts), rows / len(texts))
    if not reason and len(counts) > max(2, rows / 2):
        reason = "most rows have a value of their own"
    return ColumnProfile(
        name,
        kind="texts",
        shape=(),
        distinct=len(counts),
        missing=1 - rows / len(texts),
        span=", ".join(shown) + (", …" if len(counts) > SHOWN else "") or "–",
        classes=not reason and min(counts.values()) > 1,
        left_out=reason,
    )


def _of_no_use(distinct: int, present: float) -> str:
    """Why nothing can be learnt of or from a column, if so."""
    if distinct < 2:
        return "it has no two values"
    return "most rows have no value" if present < SCARCE else ""
