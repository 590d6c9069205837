"""The widths of the columns of a printed table, in cells of the terminal; some characters take two.

A table has the headers of its columns and the cells of its rows, all of them text. A narrow table has no borders.
"""

from collections.abc import Sequence

from rich.cells import cell_len

GAP = 2
"""Spaces between two columns of a narrow table."""

BORDER = 3
"""The width of the line between two columns of a table with borders, and of the spaces around it."""

SHORTEST_NAME = 9
"""The least width of a column of names; shorter pieces could not be read."""


def table_width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The width of a table with borders if nothing wraps."""
    return sum(map(_text_width, _cells(columns, rows))) + BORDER * len(columns) + 1


def narrow_width(columns: Sequence[str], rows: Sequence[Sequence[str]], *, wrapped: bool = False) -> int:
    """The width of a narrow table if nothing wraps or, with `wrapped`, if text wraps between words."""
    widths = map(_word_width if wrapped else _text_width, _cells(columns, rows))
    return sum(widths) + GAP * (len(columns) - 1)


def narrow_widths(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int, width: int) -> list[int]:
    """The widths of a narrow table's columns that fit into `width`, as far as that is possible.

    Text wraps first between words, then inside words. A number never wraps. The column with the most spare width is
    shortened first.

    Args:
        columns: the headers.
        rows: the cells.
        left: the number of columns, from the left, that have names. The others have numbers.
        width: the width of the whole table.
    """
    parts = _cells(columns, rows)
    widths, words = list(map(_text_width, parts)), list(map(_word_width, parts))
    names = [min(SHORTEST_NAME, word) for word in words[:left]]
    for floors in (words, names + [_text_width(cells[1:]) for cells in parts[left:]]):
        while sum(widths) + GAP * (len(widths) - 1) > width:
            spare = [given - floor for given, floor in zip(widths, floors, strict=True)]
            if max(spare) <= 0:
                break
            widths[spare.index(max(spare))] -= 1
    return widths


def _cells(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """For each column its header and its cells."""
    return [[column, *(row[i] for row in rows)] for i, column in enumerate(columns)]


def _text_width(cells: Sequence[str]) -> int:
    return max((cell_len(line) for cell in cells for line in cell.splitlines()), default=1)


def _word_width(cells: Sequence[str]) -> int:
    return max((cell_len(word) for cell in cells for word in cell.split()), default=1)
