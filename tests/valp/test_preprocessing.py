"""Columns: raw values to the model's and back, and what does not fit."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from valp.errors import DataError
from valp.graph import DataType
from valp.preprocessing import Column, Preprocessing


def column(type_="numeric", size=2, **fields):
    return Column(name="x", type=DataType(type_), size=size, **fields)


@pytest.fixture(autouse=True)
def no_warning():
    """What is refused is refused by an error, without a warning of numpy's beside it."""
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


def test_inputs_must_have_as_many_rows_as_each_other(both):
    with pytest.raises(DataError, match="1 of 'a', 2 of 'b'"):
        both.prepare({"a": [[1, 2]], "b": [0, 1]})


def test_it_goes_to_json_and_back(both):
    assert Preprocessing.model_validate_json(both.model_dump_json()) == both
    assert both.output("y").size == 1
