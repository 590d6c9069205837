"""How wide the columns of a printed table are, in letters.

A table has its columns' headers and its rows' cells, all of them text; a narrow table has no borders.
"""

from collections.abc import Sequence

GAP = 2
"""Spaces between two columns of a narrow table."""

BORDER = 3
"""A line between two columns of a table with borders, and the spaces around it."""

SHORTEST_NAME = 9
"""What a column of names keeps, at least: shorter pieces cannot be read."""


def table_width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The width of a table with borders where nothing wraps."""
    return sum(map(_text_width, _cells(columns, rows))) + BORDER * len(columns) + 1


def narrow_width(columns: Sequence[str], rows: Sequence[Sequence[str]], *, wrapped: bool = False) -> int:
    """The width of a narrow table where nothing wraps or, with `wrapped`, where text wraps between words."""
    widths = map(_word_width if wrapped else _text_width, _cells(columns, rows))
    return sum(widths) + GAP * (len(columns) - 1)


def narrow_widths(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int, width: int) -> list[int]:
    """The widths of a narrow table's columns that fit into `width`, as far as that is possible.

    Text wraps between words first, then inside of words; a number never wraps. The column that has the most to give is
    shortened first.

    Args:
        columns: the headers.
        rows: the cells.
        left: how many columns, from the left, have names; the others have numbers.
        width: the room for all.
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
    return max((len(line) for cell in cells for line in cell.splitlines()), default=1)


def _word_width(cells: Sequence[str]) -> int:
    return max((len(word) for cell in cells for word in cell.split()), default=1)
