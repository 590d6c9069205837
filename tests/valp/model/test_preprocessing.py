"""Columns: from raw values to the model's and back, and values that do not fit."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from valp.errors import DataError
from valp.graph.graph import DataType
from valp.model.preprocessing import Column, Preprocessing


def column(type_="numeric", size=2, **fields):
    return Column(name="x", type=DataType(type_), size=size, **fields)


@pytest.fixture(autouse=True)
def no_warning():
    """Wrong values are refused by an error, without an additional warning of numpy."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_numbers_are_shifted_and_scaled():
    values = column(offset=10, scale=4).prepare([[10, 14], [6, 12]])
    assert values.dtype is torch.float32
    assert values.tolist() == [[0.0, 1.0], [-1.0, 0.5]]


@given(
    offset=st.floats(-100, 100),
    scale=st.floats(0.01, 100),
    rows=st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1, max_size=5),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_restoring_undoes_preparing(offset, scale, rows):
    found = column(offset=offset, scale=scale)
    np.testing.assert_allclose(found.restore(found.prepare(rows)), rows, rtol=1e-4, atol=1e-3)


def test_each_variable_may_have_its_own_offset_and_scale():
    both = column(offset=(10, 0), scale=(4, 0.5))
    values = both.prepare([[10, 1], [6, 2]])
    assert values.tolist() == [[0.0, 2.0], [-1.0, 4.0]]
    assert both.restore(values).tolist() == [[10.0, 1.0], [6.0, 2.0]]


@given(
    columns=st.lists(
        st.tuples(st.floats(-100, 100), st.floats(0.01, 100), st.floats(-100, 100)), min_size=1, max_size=5
    )
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_restoring_undoes_preparing_variable_by_variable(columns):
    offset, scale, row = zip(*columns, strict=True)
    several = column(size=len(columns), offset=offset, scale=scale)
    prepared = several.prepare([row])
    for i, (mean, deviation, value) in enumerate(columns):
        assert prepared[0, i] == column(size=1, offset=mean, scale=deviation).prepare([value])
    np.testing.assert_allclose(several.restore(prepared), [row], rtol=1e-4, atol=1e-3)


def test_large_numbers_keep_their_digits_until_they_are_shifted():
    moments = np.array([1_700_000_000.5, 1_700_000_001.0])
    assert column(size=1, offset=1.7e9).prepare(moments).tolist() == [[0.5], [1.0]]
    assert column(size=1, offset=1_700_000_000).prepare(moments.astype(np.int64)).tolist() == [[0.0], [1.0]]


def test_preparing_does_not_change_the_raw_values():
    raw = np.ones((2, 2), np.float32)
    column(offset=1, scale=2).prepare(raw)
    assert (raw == 1).all()


def test_features_have_a_shape_and_come_back_in_it():
    image = column("features", 12, shape=(3, 2, 2), image=(3, 2, 2), scale=255)
    sequence = column("features", 12, shape=(3, 4))
    assert (image.unit.shape, sequence.unit.shape, column().unit.shape) == ((3, 2, 2), (3, 4), (2,))
    raw = np.arange(24.0, dtype=np.float32)
    assert image.prepare(raw.reshape(2, 3, 2, 2)).shape == (2, 12)
    assert image.restore(image.prepare(raw.reshape(2, 12))).shape == (2, 3, 2, 2)
    assert sequence.restore(sequence.prepare(raw.reshape(2, 3, 4))).tolist() == raw.reshape(2, 3, 4).tolist()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"scale": 0}, "the scale of 'x' must be a positive number, but is 0"),
        ({"scale": (1, -2)}, "the scale of 'x' must be a positive number, but is -2"),
        ({"scale": float("inf")}, "the scale of 'x' must be a positive number, but is inf"),
        ({"offset": (0, float("nan"))}, "the offset of 'x' must be a finite number, but is nan"),
        ({"offset": (1, 2, 3)}, "the offset of 'x' must be one number, or 2, but there are 3"),
        ({"size": 0}, "'x' must have at least one variable, but has none"),
        ({"image": (1, 1, 3)}, r"an image \(1, 1, 3\) must have the 2 values"),
        ({"shape": (1, 2)}, "'x' must have a shape if it is of type features, and none otherwise"),
        ({"type_": "features"}, "must have a shape if it is of type features"),
        ({"type_": "features", "shape": (2,)}, r"a shape \(C, H, W\) or \(C, T\), but 'x' has \(2,\)"),
        ({"type_": "features", "shape": (2, 2)}, "features must have 2 values"),
        ({"labels": True}, "only a discrete column has labels, but 'x' is of type numeric"),
        ({"type_": "discrete", "classes": ("a", "a")}, "'x' must have 2 different class names, but has a, a"),
        ({"type_": "discrete", "classes": ("a",)}, "'x' must have 2 different class names, but has a"),
    ],
)
def test_a_column_whose_parts_do_not_fit_is_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        column(**fields)


@pytest.mark.parametrize("make", [list, np.array, torch.tensor, lambda rows: np.array(rows, dtype=np.uint8)])
def test_rows_may_be_lists_arrays_or_tensors(make):
    assert column().prepare(make([[1, 2], [3, 4]])).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_rows_may_have_any_shape_of_the_right_size():
    raw = np.arange(24).reshape(2, 3, 4)
    assert column(size=12).prepare(raw).tolist() == raw.reshape(2, 12).tolist()
    assert column(size=1).prepare([1, 2, 3]).shape == (3, 1)


def test_an_image_is_restored_in_its_shape():
    image = column("samples", 12, scale=255, image=(3, 2, 2))
    raw = np.arange(24.0, dtype=np.float32).reshape(2, 3, 2, 2)
    restored = image.restore(image.prepare(raw))
    assert restored.shape == (2, 3, 2, 2)
    np.testing.assert_allclose(restored, raw, atol=1e-4)


def test_classes_become_one_hot():
    assert column("discrete", 3).prepare([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert column("discrete", 3).class_numbers(np.array([2.0, 0.0])).dtype is torch.int64


NAMED = column("discrete", 3, classes=("ant", "bee", "cat"))


@pytest.mark.parametrize("make", [list, np.array, lambda names: np.array(names, dtype=object)])
def test_classes_may_be_given_by_their_names(make):
    assert NAMED.class_numbers(make(["cat", "ant"])).tolist() == [2, 0]
    assert NAMED.prepare(make(["cat", "ant"])).tolist() == NAMED.prepare([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_an_input_class_of_unknown_name_is_all_zeros():
    assert NAMED.prepare(["cat", "dog", "ant"]).tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert NAMED.prepare(["dog"]).dtype is torch.float32


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (["ant", "dog"], "'x' must hold the classes ant, bee, cat, but has 'dog'"),
        ([["ant"], ["bee"]], r"'x' must hold one class name a row, but has an array of shape \(2, 1\)"),
        ([0, 3], "'x' must hold class numbers from 0 to 2, but has 3"),
        (np.array(["ant", None], dtype=object), "'x' must hold numbers, but holds object"),
    ],
)
def test_a_truth_that_is_not_a_class_is_refused(raw, said):
    with pytest.raises(DataError, match=said):
        NAMED.class_numbers(raw)


def test_a_message_names_the_first_of_many_classes():
    many = column("discrete", 30, classes=tuple(f"c{i}" for i in range(30)))
    with pytest.raises(DataError, match="c8, c9 and 20 more, but has 'dog'"):
        many.class_numbers(["dog"])


def test_labels_stay_zeros_and_ones():
    tags = column("discrete", 3, labels=True, classes=("red", "round", "ripe"))
    assert tags.prepare([[0, 1, 1], [1, 0, 0]]).tolist() == [[0, 1, 1], [1, 0, 0]]
    assert tags.prepare(np.array([[True, False, True]])).tolist() == [[1, 0, 1]]
    assert column("discrete", 1, labels=True).prepare([1, 0]).tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([[0, 1, 2]], "the labels of 'x' must be 0 or 1, but one is 2"),
        ([[0, 1, 0.5]], r"but one is 0\.5"),
        ([[0, 1]], "a row of 'x' must have 3 values, but has 2"),
        ([[0, 1, float("nan")]], "'x' must hold finite numbers, but row 0 does not"),
        ([["red", "ripe", ""]], "'x' must hold numbers"),
    ],
)
def test_labels_that_do_not_fit_are_refused(raw, said):
    with pytest.raises(DataError, match=said):
        column("discrete", 3, labels=True, classes=("red", "round", "ripe")).prepare(raw)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([[1, 2, 3]], "a row of 'x' must have 2 values, but has 3"),
        ([1, 2], "a row of 'x' must have 2 values, but has 1"),
        ([], "'x' must have at least one row"),
        (np.zeros((0, 2)), "'x' must have at least one row"),
        (5, "'x' must have at least one row"),
        ([["a", "b"]], "'x' must hold numbers, but holds <U1"),
        ([[None, 1]], "'x' must hold numbers, but holds object"),
        ([[1j, 1]], "'x' must hold numbers, but holds complex"),
        ([[0, 1], [0, float("nan")]], "'x' must hold finite numbers, but row 1 does not"),
        ([[0, float("inf")]], "finite numbers, but row 0"),
        ([[1e39, 0]], "finite numbers, but row 0"),
        ([[1, 2], [3]], "'x' must hold rows of one size"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(raw, said):
    with pytest.raises(DataError, match=said) as error:
        column().prepare(raw)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([0, 3], "'x' must hold class numbers from 0 to 2, but has 3"),
        ([-1], "but has -1"),
        ([0.5], r"but has 0\.5"),
        ([float("nan")], "but has nan"),
        ([float("inf")], "but has inf"),
        ([[0], [1]], r"but has an array of shape \(2, 1\)"),
        (["a"], "'x' must hold numbers"),
        ([[0], [1, 2]], "'x' must hold"),
        ([], "'x' must have at least one row"),
    ],
)
def test_classes_that_do_not_fit_are_refused(raw, said):
    with pytest.raises(DataError, match=said) as error:
        column("discrete", 3).prepare(raw)
    assert "\n" not in str(error.value)


@pytest.fixture
def both():
    return Preprocessing(
        inputs=(Column(name="a", type=DataType.NUMERIC, size=2), Column(name="b", type=DataType.DISCRETE, size=3)),
        outputs=(Column(name="y", type=DataType.NUMERIC, size=1),),
    )


def test_every_input_is_prepared_and_others_are_ignored(both):
    prepared = both.prepare({"b": [1], "a": [[1, 2]], "other": "nonsense"})
    assert {name: tensor.shape for name, tensor in prepared.items()} == {"a": (1, 2), "b": (1, 3)}


def test_a_missing_input_is_named_unless_it_is_not_needed(both):
    with pytest.raises(DataError, match="the model needs input 'b', but got a"):
        both.prepare({"a": [[1, 2]]})
    with pytest.raises(DataError, match="the model needs input 'a', but got none"):
        both.prepare({})
    assert both.prepare({"a": [[1, 2]]}, names=["a"]).keys() == {"a"}


def test_all_inputs_must_have_the_same_number_of_rows(both):
    with pytest.raises(DataError, match="1 of 'a', 2 of 'b'"):
        both.prepare({"a": [[1, 2]], "b": [0, 1]})


def test_preprocessing_goes_to_json_and_back(both):
    assert Preprocessing.model_validate_json(both.model_dump_json()) == both
    assert both.output("y").size == 1


@pytest.mark.parametrize(
    "found",
    [
        column(offset=(0.1, 1e30), scale=(1 / 3, 5e-324), fields=("width", "height in cm")),
        column("features", 12, shape=(3, 2, 2), image=(3, 2, 2)),
        column("discrete", 2, labels=True, classes=("red", "ripe")),
    ],
)
def test_every_part_of_a_column_goes_to_json_and_back(found):
    assert Column.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("values", [[1, 3, 5], [1.0, 3.0, 5.0], ["1", "3", "5"], np.array([1, 3, 5], np.int8)])
def test_a_number_is_the_name_of_a_class_that_was_a_number_in_the_table(values):
    rating = column("discrete", 5, classes=("1", "2", "3", "4", "5"), fields=("rating",))
    assert rating.class_numbers(values).tolist() == [0, 2, 4]
    assert rating.prepare(values).argmax(1).tolist() == [0, 2, 4]
    assert rating.prepare([0, 6]).tolist() == [[0.0] * 5] * 2
    with pytest.raises(DataError, match="must hold the classes 1, 2, 3, 4, 5, but has '0'"):
        rating.class_numbers([1, 0])


def test_a_number_is_a_class_number_where_the_classes_are_words_or_came_without_a_table():
    assert column("discrete", 2, classes=("a", "b"), fields=("x",)).class_numbers([1, 0]).tolist() == [1, 0]
    assert column("discrete", 2, classes=("1", "2")).class_numbers([1, 0]).tolist() == [1, 0]


def test_numbers_with_a_large_offset_are_restored_in_double_precision():
    """Seconds since 1970: float32 has steps of 128 there."""
    raw = np.array([1_700_000_050.0, 1_700_000_093.0, 1_700_000_120.0])
    column = Column(name="t", type=DataType.NUMERIC, size=1, offset=1_700_000_050.0, scale=40.0)
    restored = column.restore(column.prepare(raw))
    assert restored.dtype == np.float64
    assert restored[:, 0] == pytest.approx(raw, abs=0.01)
    usual = Column(name="t", type=DataType.NUMERIC, size=1, offset=20.0, scale=4.0)
    assert usual.restore(usual.prepare(np.array([1.0, 30.0]))).dtype == np.float32


def test_classes_have_the_values_of_the_table():
    def classes(names, fields=("c",)):
        return Column(name="c", type=DataType.DISCRETE, size=len(names), classes=names, fields=fields).class_values

    assert classes(("0", "7")).tolist() == [0, 7]
    assert classes(("0.5", "2")).tolist() == [0.5, 2.0]
    assert classes(("a", "7")).tolist() == ["a", "7"]
    assert classes(("0", "7"), ()).tolist() == ["0", "7"]
    assert Column(name="c", type=DataType.DISCRETE, size=3).class_values.tolist() == [0, 1, 2]
