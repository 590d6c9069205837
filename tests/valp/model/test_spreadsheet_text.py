"""Text that a spreadsheet would run as a formula is written as text, and read back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valp.model.spreadsheet_text import as_it_was, neutral

BEGINNINGS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize("begin", BEGINNINGS)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(begin):
    assert neutral(f"{begin}cmd|' /C calc'!A0") == f"'{begin}cmd|' /C calc'!A0"
    assert neutral(begin) == f"'{begin}"


@pytest.mark.parametrize(
    "text", ["-3", "+3.5", "-1.5e-7", "-1,234.50", "-3,5", "-5%", "-.5", "", "a=1", "3-4", "'quoted'"]
)
def test_numbers_and_other_text_stay_as_they_are(text):
    assert neutral(text) == as_it_was(text) == text


@pytest.mark.parametrize(
    "text", ["-1+cmd", "-inf", "-", "+-3", "-3 ", "-3\n=a", "=1", "-1e", "@SUM(1)", "'=1", "''-3", "-３"]
)
def test_text_that_only_begins_like_a_number_is_not_one(text):
    assert neutral(text) == f"'{text}"


@given(st.text(st.sampled_from(BEGINNINGS + "'3.,e%a"), max_size=6) | st.text())
def test_each_text_is_read_back_and_none_is_left_that_a_spreadsheet_runs(text):
    cell = neutral(text)
    assert as_it_was(cell) == text
    assert cell[:1] not in {*BEGINNINGS} or set(cell) <= set("+-0123456789.,eE%")


@pytest.mark.parametrize("cell", ["'-3", "'", "''", "'a", "'tis"])
def test_an_apostrophe_of_the_user_is_kept(cell):
    assert as_it_was(cell) == cell
