"""`Table`: numbers and categories from arrays, data frames and texts, and one sentence for each wrong cell."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valp.errors import DataError
from valp.model.table import LARGEST, MISSING, Table, cells, is_table, table_of

FLOATS = st.floats(-LARGEST, LARGEST)


def column_of(values):
    """A table with one column, `a`."""
    return table_of({"a": values}, ["a"])


def texts(values):
    return column_of(values).texts("a").tolist()


def numbers(values):
    return column_of(values).numbers("a")


@given(st.lists(st.none() | FLOATS, min_size=1))
def test_numbers_are_the_same_from_every_form_of_table_and_from_their_texts(values):
    expected = np.array([np.nan if value is None else value for value in values])
    written = ["" if value is None else repr(value) for value in values]
    data = {"a": values}
    for found in (
        numbers(values),
        numbers(written),
        numbers(np.array(expected)),
        table_of(pa.table({"a": pa.array(values, pa.float64())}), ["a"]).numbers("a"),
        table_of(pd.DataFrame(data, dtype=float), ["a"]).numbers("a"),
        table_of(pd.DataFrame({"a": written}), ["a"]).numbers("a"),
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("empty", MISSING)
def test_texts_that_mean_no_value_are_nan_and_no_category_also_between_spaces(empty):
    np.testing.assert_array_equal(numbers(["1", f" {empty} "]), [1, np.nan])
    assert texts(["x", f" {empty} ", None]) == ["x", None, None]


def test_a_table_has_its_own_texts_that_mean_no_value():
    table = Table(
        "t", {"a": pa.chunked_array([["1", "?", "NA"]])}, ("?",), lambda row: f"line {row + 2}", "; see above"
    )
    assert table.texts("a").tolist() == ["1", None, "NA"]
    with pytest.raises(DataError) as raised:
        table.numbers("a")
    assert str(raised.value) == "line 4: column 'a' must hold numbers, but has 'NA'; see above"


def test_numbers_may_have_a_plus_sign_or_be_words_for_true_and_false():
    np.testing.assert_array_equal(numbers(["+2", " 3.5 ", "TRUE", "false", ""]), [2, 3.5, 1, 0, np.nan])
    np.testing.assert_array_equal(numbers(pd.Series(["+2", "3"], dtype="category")), [2, 3])
    np.testing.assert_array_equal(numbers([True, False, None]), [1, 0, np.nan])


def test_a_number_with_underscores_is_text():
    with pytest.raises(DataError, match="must hold numbers, but has '1_000'"):
        numbers(["12", "1_000"])


@pytest.mark.parametrize(
    ("values", "row", "found"),
    [
        (["1", "inf"], 1, "inf"),
        ([-1e39, 0.0], 0, "-1e+39"),
        (np.array([[0.0, 1.0], [np.nan, 2.0], [3.0, 1e39]]), 2, "1e+39"),
    ],
)
def test_numbers_that_are_infinite_or_too_large_for_float32_are_refused_with_their_row(values, row, found):
    with pytest.raises(DataError) as raised:
        numbers(values)
    place = f"row {row} counted from 0: column 'a'"
    assert str(raised.value) == f"{place} must hold finite float32 numbers, but has {found}"


@pytest.mark.parametrize(
    ("values", "category"),
    [
        ([1, 2], "1"),
        ([1.0, 2.5], "1"),
        (["1", "x"], "1"),
        (["1.00", "x"], "1"),
        ([" 1 ", "x"], "1"),
        (["-2.0", "x"], "-2"),
        ([True, False], "true"),
        (["TRUE", "x"], "true"),
        (["False", "x"], "false"),
        (["1.5", "x"], "1.5"),
        (["007", "x"], "007"),
        (["A b", "x"], "A b"),
    ],
)
def test_a_category_has_the_same_text_in_every_type_of_column(values, category):
    assert texts(values)[0] == category
    assert texts(pd.Series(values, dtype="category"))[0] == category
    assert table_of(pa.table({"a": values}), ["a"]).texts("a")[0] == category


def test_categories_of_several_chunks_keep_their_order_and_gaps():
    chunks = pa.chunked_array([pa.array(["b", None]), pa.array(["a", "b"])])
    assert texts(chunks) == texts(chunks.dictionary_encode()) == ["b", None, "a", "b"]


def test_the_cells_of_a_categorical_column_are_plain_texts():
    column = cells("here", "a", pd.Series(["v", "u", None], dtype="category"))
    assert not pa.types.is_dictionary(column.type)
    assert column.to_pylist() == ["v", "u", None]


def test_cells_of_mixed_types_are_texts():
    assert cells("here", "a", [1, "x", None, float("nan")]).to_pylist() == ["1", "x", None, None]
    with pytest.raises(DataError, match=r"^row 1 counted from 0: column 'a' must hold numbers, but has 'x'$"):
        numbers([1, "x", None])


def test_an_array_keeps_its_shape_and_has_no_categories():
    image = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(numbers(image), image)
    with pytest.raises(DataError, match=r"array 'a' must have one category a row, but has shape \(2, 3, 4\)"):
        texts(image)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([[1, 2], [3]], "here: the rows of column 'a' must have one size"),
        (3, "here: array 'a' must hold numbers or texts, but holds one value"),
        (np.array([1j]), "here: array 'a' must hold numbers or texts, but holds complex128"),
        (np.array([["x"]]), "here: array 'a' of texts must have one a row, but has shape (1, 1)"),
    ],
)
def test_a_column_that_is_neither_numbers_nor_texts_is_refused(values, sentence):
    with pytest.raises(DataError) as raised:
        cells("here", "a", values)
    assert str(raised.value) == sentence


def test_a_column_of_records_has_neither_numbers_nor_categories():
    records = [{"x": 1}, {"x": 2}]
    with pytest.raises(DataError, match="column 'a' must hold numbers, but holds struct"):
        numbers(records)
    with pytest.raises(DataError, match="column 'a' must have one category a row, but holds struct"):
        texts(records)


def test_only_the_wanted_columns_are_read_and_must_be_of_equal_length():
    data = {"a": [1, 2], "b": [1], 3: ["x", "y"], "unreadable": np.array([1j])}
    table = table_of(data, ["a", "3"])
    assert table.names == ["a", "b", "3", "unreadable"]
    assert len(table) == 2
    assert table.texts("3").tolist() == ["x", "y"]
    with pytest.raises(DataError, match=r"^columns must have equal numbers of rows, but 'a' has 2, 'b' has 1$"):
        table_of(data, ["a", "b"])
    with pytest.raises(DataError, match="the data must have rows, but have none"):
        table_of({"a": []}, ["a"])


def test_a_wanted_column_that_occurs_twice_is_refused_and_another_is_not():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "b"])
    assert table_of(frame, ["a"]).numbers("a").tolist() == [1]
    with pytest.raises(DataError, match="column 'b' occurs more than once"):
        table_of(frame, ["b"])


def test_data_frames_and_arrow_tables_are_tables_and_mappings_and_arrays_are_not():
    assert is_table(pd.DataFrame({"a": [1]}))
    assert is_table(pa.table({"a": [1]}))
    assert not is_table(type("Columns", (dict,), {"columns": ("a",)})(a=[1]))
    assert not is_table(np.zeros((2, 2)))


@pytest.mark.parametrize("values", [[1.5, -999.0, 2], [1.5, -999, None], ["1.5", "-999.0", "2"], ["1.5", " -999", "?"]])
def test_a_number_that_means_no_value_is_none_in_every_form_of_table(values):
    table = replace(column_of(values), missing=(*MISSING, "-999", "?"))
    assert np.isnan(table.numbers("a")).tolist() == [False, True, values[2] in (None, "?")]
    assert table.texts("a").tolist()[:2] == ["1.5", None]


def test_a_number_that_means_no_value_is_none_in_an_array_of_several_columns():
    table = replace(column_of(np.array([[1, -999], [3, 4]])), missing=("-999",))
    np.testing.assert_array_equal(table.numbers("a"), [[1, np.nan], [3, 4]])
