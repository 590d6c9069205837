"""The widths of the columns of a printed table: they agree with what is printed, and fit where that is possible."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from valp.search.cli.options import print_table
from valp.search.cli.table_widths import GAP, SHORTEST_NAME, narrow_width, narrow_widths, table_width

WORD = st.text("abcd", min_size=1, max_size=14)
TEXT = st.lists(WORD, min_size=1, max_size=3).map(" ".join)
NUMBER = st.text("0123456789.", min_size=1, max_size=10)


@st.composite
def tables(draw):
    """Headers, rows, and the number of columns with names; the other columns have numbers."""
    left, right = draw(st.integers(1, 2)), draw(st.integers(0, 4))
    columns = draw(st.lists(TEXT, min_size=left + right, max_size=left + right))
    row = st.tuples(*[TEXT] * left, *[NUMBER] * right)
    return columns, draw(st.lists(row, min_size=1, max_size=4)), left


def cells_of(columns, rows):
    return [[column, *cells] for column, *cells in zip(columns, *rows, strict=True)]


def longest(texts):
    return max(map(len, texts))


def longest_word(texts):
    return longest([word for text in texts for word in text.split()])


@given(tables())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_kinds_of_table_are_printed_as_wide_as_was_computed(capsys, table):
    columns, rows, left = table
    for narrow, width in ((False, table_width(columns, rows)), (True, narrow_width(columns, rows))):
        capsys.readouterr()
        print_table("", columns, [list(row) for row in rows], left=left, narrow=narrow)
        if width <= 80 or not narrow:  # a narrow table is squeezed into the usual 80 characters
            assert longest(capsys.readouterr().out.splitlines()) == width


def test_each_line_of_a_header_counts_for_itself():
    assert table_width(["samples seen\nwith parents"], [["12"]]) == len("with parents") + 4
    assert narrow_width(["samples seen\nwith parents", "b"], [["12", "3"]]) == len("with parents") + GAP + 1
    assert narrow_width(["samples seen\nwith parents", "b"], [["12", "3"]], wrapped=True) == len("samples") + GAP + 1


def test_wide_characters_take_two_cells():
    assert table_width(["名前"], [["12"]]) == 4 + 4


@given(tables())
def test_wrapped_text_needs_room_for_the_longest_word_of_each_column(table):
    columns, rows, _ = table
    words = sum(map(longest_word, cells_of(columns, rows)))
    assert narrow_width(columns, rows, wrapped=True) == words + GAP * (len(columns) - 1)


@given(tables(), st.integers(0, 40))
def test_a_table_that_fits_is_not_shortened(table, spare):
    columns, rows, left = table
    room = narrow_width(columns, rows) + spare
    assert narrow_widths(columns, rows, left, room) == list(map(longest, cells_of(columns, rows)))


@given(tables(), st.integers(1, 120))
def test_a_table_is_shortened_no_more_than_it_must_and_fits_where_it_can(table, width):
    columns, rows, left = table
    cells = cells_of(columns, rows)
    widths = narrow_widths(columns, rows, left, width)
    floors = [min(SHORTEST_NAME, longest_word(one)) for one in cells[:left]] + [
        longest(one[1:]) for one in cells[left:]
    ]
    total = sum(widths) + GAP * (len(widths) - 1)
    assert all(floor <= given <= longest(one) for floor, given, one in zip(floors, widths, cells, strict=True))
    if total > width:
        assert widths == floors
    elif total < width:
        assert total == narrow_width(columns, rows)


@given(tables(), st.integers(1, 120))
def test_words_are_broken_only_if_wrapping_between_words_is_not_enough(table, width):
    columns, rows, left = table
    widths, words = narrow_widths(columns, rows, left, width), list(map(longest_word, cells_of(columns, rows)))
    if narrow_width(columns, rows, wrapped=True) <= width:
        assert all(given >= word for given, word in zip(widths, words, strict=True))
    else:
        assert all(given <= word for given, word in zip(widths, words, strict=True))


def test_the_column_with_the_most_spare_width_is_shortened_first():
    columns, rows = ["one two three four", "five six"], [["a", "1"]]
    natural = narrow_width(columns, rows)
    assert narrow_widths(columns, rows, 1, natural) == [18, 8]
    assert narrow_widths(columns, rows, 1, natural - 9) == [9, 8]
    assert narrow_widths(columns, rows, 1, natural - 11) == [8, 7]


@pytest.mark.parametrize("width", [0, 1, 12])
def test_a_number_keeps_its_width_and_a_name_at_least_nine_characters_where_nothing_fits(width):
    columns, rows = ["abcdefghijklmnop", "a-long-header"], [["x", "0.0001234"]]
    assert narrow_widths(columns, rows, 1, width) == [SHORTEST_NAME, len("0.0001234")]
    assert narrow_widths(["abc", "d"], [["x", "12"]], 1, width) == [3, 2]
