"""Raw rows in every form become the inputs on which the model was trained."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from valp.errors import DataError
from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.model.raw_inputs import raw_inputs, unseen

MEASURED = Column(
    name="measured",
    type=DataType.NUMERIC,
    size=2,
    fields=("width", "height"),
    fill=(1.5, 2.5),
    missing=("?",),
)
LEVEL = Column(name="level", type=DataType.DISCRETE, size=3, classes=("7", "9", "10"), fields=("level",))
SWEET = Column(name="sweet", type=DataType.DISCRETE, size=2, classes=("false", "true"), fields=("sweet",))
COLUMNS = (MEASURED, LEVEL, SWEET)
TABLE = {
    "extra": [object(), "x", 3],
    "width": [1.0, None, 3.0],
    "height": [4.0, 5.0, None],
    "level": [7, 10, 8],
    "sweet": [True, False, None],
}
FRAME = pd.DataFrame(TABLE)
WANTED = {name: values for name, values in TABLE.items() if name != "extra"}


@pytest.mark.parametrize(
    "data",
    [
        FRAME,
        FRAME.astype({"level": "float64", "sweet": "category"}),
        FRAME.astype({"level": "str", "width": "Float64"}),
        FRAME.set_index("extra"),
        pa.table(WANTED),
        WANTED,
        {name: FRAME[name] for name in TABLE},
        {**WANTED, "width": ["1", " ? ", "3.0"], "sweet": ["TRUE", "False", "NA"], "level": ["7", "10.0", 8]},
    ],
    ids=["pandas", "categories", "texts", "index", "arrow", "lists", "series", "csv-like"],
)
def test_a_cell_means_the_same_in_every_form(data):
    found = raw_inputs(data, COLUMNS)
    assert found["measured"].tolist() == [[1, 4], [1.5, 5], [3, 2.5]]
    assert found["level"].tolist() == ["7", "10", "8"]
    assert found["sweet"].tolist() == ["true", "false", ""]
    assert LEVEL.prepare(found["level"]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_inputs_by_their_names_are_taken_as_they_are():
    packed = {"measured": np.ones((2, 2)), "level": [2, 0], "sweet": ["true", "false"]}
    assert raw_inputs(packed, COLUMNS) is packed


def test_a_mapping_without_any_of_the_columns_is_returned_as_it_is():
    assert raw_inputs({"other": [1]}, COLUMNS) == {"other": [1]}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (FRAME.drop(columns="height"), "the data have no column 'height', which input 'measured' is made of; there is"),
        (FRAME.rename(columns={"level": "levle"}), "no column 'level', which is an input; did you mean 'levle'"),
        (FRAME.assign(width="wide"), "row 0 counted from 0: column 'width' must hold numbers, but has 'wide'"),
        (FRAME.assign(width=np.inf), "row 0 counted from 0: column 'width' must hold finite float32 numbers"),
        (FRAME.iloc[:0], "the data must have rows, but have none"),
        (WANTED | {"width": [1, 2]}, "columns must have equal numbers of rows, but 'width' has 2"),
        (pd.concat([FRAME, FRAME[["width"]]], axis=1), "must name each column once, but column 'width'"),
        ([[1, 2]], "the data must be a table, or a mapping of columns, but are of type list"),
        (FRAME.assign(level=[[1], [2], [3]]), "column 'level' must have one category a row, but holds list"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_one_sentence(data, words):
    with pytest.raises(DataError, match=words) as error:
        raw_inputs(data, COLUMNS)
    assert "\n" not in str(error.value)


def test_a_missing_value_is_refused_if_the_training_split_had_none():
    whole = MEASURED.model_copy(update={"fill": None})
    with pytest.raises(DataError, match="row 1 counted from 0: column 'width' is empty, but the model cannot fill it"):
        raw_inputs(FRAME, (whole,))


def test_an_input_array_may_be_given_as_several_columns_and_several_columns_as_an_array():
    pixels = Column(name="pixels", type=DataType.NUMERIC, size=3)
    rows = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(
        raw_inputs(pd.DataFrame(rows, columns=[f"pixels.{i}" for i in range(3)]), [pixels])["pixels"], rows
    )
    scanned = pixels.model_copy(update={"fields": ("scan",)})
    assert np.array_equal(raw_inputs({"scan": rows}, [scanned])["pixels"], rows)
    with pytest.raises(DataError, match="no column 'pixels', which is an input of 3 numbers a row"):
        raw_inputs(pd.DataFrame({"other": [1]}), [pixels])


def test_classes_of_problems_without_a_table_are_names_or_numbers():
    side = Column(name="side", type=DataType.DISCRETE, size=2, classes=("left", "right"))
    assert raw_inputs(pd.DataFrame({"side": ["left", "right"]}), [side])["side"].tolist() == ["left", "right"]
    assert raw_inputs(pd.DataFrame({"side": [1, 0]}), [side])["side"].tolist() == [1, 0]
    nameless = side.model_copy(update={"classes": None})
    assert raw_inputs(pd.DataFrame({"side": [1, 0]}), [nameless])["side"].tolist() == [1, 0]


def test_unknown_categories_are_reported():
    assert unseen(raw_inputs(FRAME, COLUMNS), COLUMNS) == ["level: '8' (1 row) is not a category that the model knows"]


def test_a_column_without_missing_values_is_written_as_in_older_versions():
    document = LEVEL.model_dump()
    assert not {"fill", "missing"} & document.keys()
    assert Column.model_validate_json(MEASURED.model_dump_json()) == MEASURED
