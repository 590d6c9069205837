"""Profiles of a table's columns: kind, range, missing values, and whether a column can be learned."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from valp.errors import DataError
from valp.model.table import LARGEST, MISSING, Table, number_in

FEW = 10
"""A column of whole numbers may hold classes if it has at most this many distinct values."""

SCARCE = 0.2
"""A column is left out if a smaller share of its rows has a value."""

RARE = 0.3
"""A class is rare below this share of the rows that each class would have if all were equally frequent."""

FEWEST_SCORED = 20
"""The fewest rows of a class of which a validation and a test split have some: with 15%, three each."""

NO_VALUE = (
    *(text.casefold() for text in MISSING),
    "#n/a",
    "n.a.",
    "nil",
    "none",
    "unknown",
    "missing",
    "not available",
)
"""Words that mean "no value" in a column of numbers; signs such as ? and - do, too."""

MOST_TEXTS = 0.5
"""A column of texts may be meant as numbers if a smaller share of its rows holds other texts."""

SHOWN = 4
"""The most categories that a comment lists."""

FEWEST_NUMBERED = 20
"""The fewest rows of a named column of 0, 1, 2, ... for it to be an index."""


@dataclass(frozen=True)
class ColumnProfile:
    """The profile of a column.

    Attributes:
        name: the column's name.
        kind: what its cells are. An `array` has several numbers per row.
        shape: the shape of one row of an array.
        distinct: the number of distinct values.
        missing: the share of rows without a value.
        span: its range, or its most frequent categories.
        classes: whether it can be an output with classes: few classes, each with at least two rows.
        rarest: the number of rows of the rarest class, if it can be such an output.
        rows: the number of rows with a value.
        left_out: why the column cannot be used; empty if it can.
        remark: why texts may be meant as numbers; empty if they are not.
        placeholders: texts among numbers that seem to mean "no value".
    """

    name: str
    kind: Literal["numbers", "texts", "array"]
    shape: tuple[int, ...]
    distinct: int
    missing: float
    span: str
    classes: bool
    rarest: int = 0
    rows: int = 0
    left_out: str = ""
    remark: str = ""
    placeholders: tuple[str, ...] = ()

    @property
    def rare(self) -> bool:
        """Whether a class has less than `RARE` of an equal share of the rows, but enough rows to be scored."""
        return self.classes and FEWEST_SCORED <= self.rarest < RARE * self.rows / self.distinct

    @property
    def reason(self) -> str:
        """Why it is left out, and why its texts may be meant as numbers."""
        return self.left_out + (f" ({self.remark})" if self.remark else "")

    def cells(self) -> list[str]:
        """This column's row in the draft's table of columns."""
        kind = f"array {list(self.shape)}" if self.shape else self.kind
        if self.left_out:
            kind += f", left out: {self.reason}"
        elif self.remark:
            kind += f" ({self.remark})"
        return [json.dumps(self.name, ensure_ascii=False), str(self.distinct), f"{self.missing:.1%}", self.span, kind]


def profile(table: Table, name: str) -> ColumnProfile:
    """The profile of a column."""
    try:
        values = table.numbers(name)
    except DataError as error:
        try:
            return _of_texts(table, name)
        except DataError:  # neither numbers nor categories
            return _unusable(table, name, str(error))
    present = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    known, counts = np.unique(present, return_counts=True)
    if values.ndim == 1 and len(known) <= 2 and _is_boolean(table, name):
        return _of_texts(table, name)
    span = f"{known[0]:.6g} … {known[-1]:.6g}" if len(known) else "–"
    reason = _reason_to_leave_out(len(known), present.size / values.size)
    few = 2 <= len(known) <= FEW and bool((known == np.round(known)).all() and (counts > 1).all())
    return ColumnProfile(
        name,
        kind="array" if values.ndim > 1 else "numbers",
        shape=values.shape[1:],
        distinct=len(known),
        missing=1 - present.size / values.size,
        span=span,
        classes=values.ndim == 1 and few,
        rarest=int(counts.min()) if few else 0,
        rows=present.size,
        left_out="it numbers the rows" if _numbers_the_rows(name, values) else reason,
    )


def _is_boolean(table: Table, name: str) -> bool:
    """Whether a column that reads as numbers has only the cells `true` and `false`."""
    return {"true", "false"} >= {text for text in table.texts(name) if text is not None}


def _numbers_the_rows(name: str, values: NDArray[Any]) -> bool:
    """Whether it is an index, such as pandas writes into a CSV file. It would tell the order of the rows.

    In a file that is sorted by a class, it gives the class away. A short column with a name may be a measurement.
    """
    indexed = not name or name.startswith("Unnamed:") or len(values) >= FEWEST_NUMBERED
    if not indexed or values.ndim != 1:
        return False
    rows = np.arange(len(values))
    return any(np.array_equal(values, rows + first) for first in (0, 1))


def _unusable(table: Table, name: str, reason: str) -> ColumnProfile:
    """The profile of a column that cannot be read."""
    values = table.columns[name]
    shape = values.shape[1:] if isinstance(values, np.ndarray) else ()
    why = " ".join(reason.removeprefix(f"{table.path}: ").split())
    return ColumnProfile(name, "array" if shape else "texts", shape, 0, 0.0, "–", classes=False, left_out=why)


def _of_texts(table: Table, name: str) -> ColumnProfile:
    texts = table.texts(name)
    counts = Counter(text for text in texts if text is not None)
    rows = counts.total()
    shown = [json.dumps(text[:20], ensure_ascii=False)[1:-1] for text, _ in counts.most_common(SHOWN)]
    reason = _reason_to_leave_out(len(counts), rows / len(texts))
    if not reason and len(counts) > max(2, rows / 2):
        reason = "most of its values are distinct"
    placeholders, remark = _meant_as_numbers(counts)
    return ColumnProfile(
        name,
        kind="texts",
        shape=(),
        distinct=len(counts),
        missing=1 - rows / len(texts),
        span=", ".join(shown) + (", …" if len(counts) > SHOWN else "") or "–",
        classes=not reason and min(counts.values()) > 1,
        rarest=min(counts.values(), default=0),
        rows=rows,
        left_out=reason,
        remark=remark,
        placeholders=placeholders,
    )


def _meant_as_numbers(counts: Counter[str]) -> tuple[tuple[str, ...], str]:
    """If most texts are numbers: those of the others that mean "no value", and why the column may be meant so."""
    others = [text for text in counts if not _is_number(text)]
    few = sum(counts[text] for text in others) < MOST_TEXTS * counts.total()
    if 0 < len(others) <= SHOWN and few:
        empty = all(text.casefold() in NO_VALUE or not re.search(r"\w", text) for text in others)
        listed = ", ".join(json.dumps(text[:20], ensure_ascii=False) for text in others)
        return tuple(others) if empty else (), f"numbers but for {listed}"
    if any("," in text for text in others):
        if all(re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", text) for text in others):
            return (), "numbers with commas between thousands: leave them out to have numbers"
        if all(_is_number(text.replace(",", ".", 1)) for text in counts):
            return (), "numbers with a decimal comma: write a point to have numbers"
    return (), ""


def _is_number(text: str) -> bool:
    """Whether a table reads the text as a number."""
    try:
        return abs(number_in(text)) <= LARGEST
    except ValueError:
        return False


def _reason_to_leave_out(distinct: int, present: float) -> str:
    """Why a column is useless both as an input and as an output; empty if it is not."""
    if distinct < 2:
        return "it does not have two distinct values"
    return "most rows have no value" if present < SCARCE else ""
