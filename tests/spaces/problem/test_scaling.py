"""`Problem.from_arrays` learns scales and classes by itself, from the training split alone."""

import numpy as np
import pandas as pd
import pytest
import torch

from valp.graph.graph import DataType
from valp.spaces.problem.array_columns import as_array, with_scale
from valp.spaces.problem.problem import Problem, discrete, features, numeric, of_own_type, samples

ROWS = 60
SPLITS = (range(40), range(40, 50), range(50, 60))


@pytest.fixture
def values():
    """Variables with means and deviations of their own, other ones outside the training split."""
    made = np.random.default_rng(0).normal([5.0, -300.0], [2.0, 40.0], (ROWS, 2))
    made[40:] *= 10
    return made


def problem_of(x=None, **outputs):
    x = numeric(np.arange(ROWS)) if x is None else x
    return Problem.from_arrays("p", inputs={"x": x}, outputs=outputs or {"y": numeric(np.arange(ROWS))}, splits=SPLITS)


def column(problem, name):
    return next(part for part in (*problem.columns.inputs, *problem.columns.outputs) if part.name == name)


def test_numbers_are_standardised_by_the_training_split_and_come_back_in_their_unit(values):
    problem = problem_of(numeric(values), y=numeric(values))
    for tensor in (problem.train.inputs["x"], problem.train.truths["y"]):
        torch.testing.assert_close(tensor.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
        torch.testing.assert_close(tensor.std(0, correction=0), torch.ones(2))
    assert problem.validation.inputs["x"].abs().mean() > 3
    restored = column(problem, "y").restore(problem.test.truths["y"])
    np.testing.assert_allclose(restored, values[50:], rtol=1e-4)


def test_missing_values_and_constant_variables_can_be_scaled(values):
    holed, constant = values.copy(), np.full(ROWS, 7.0)
    holed[::2, 0] = np.nan
    problem = problem_of(numeric(constant), y=numeric(holed))
    assert problem.train.inputs["x"].unique().tolist() == [0.0]
    scaled = column(problem, "y")
    assert scaled.offset[0] == pytest.approx(np.nanmean(holed[:40, 0]))
    assert scaled.scale[0] == pytest.approx(np.nanstd(holed[:40, 0]))


@pytest.mark.parametrize(
    ("data", "offset", "scale"),
    [
        (lambda v: numeric(v, scale="none"), 0.0, 1.0),
        (lambda v: numeric(v, scale=4), 0.0, 4.0),
        (lambda v: numeric(v, offset=3), 3.0, 1.0),
        (lambda v: numeric(np.arange(ROWS, dtype=np.uint8)), 0.0, 255.0),
        (lambda v: numeric(np.arange(ROWS, dtype=np.uint8), scale="none"), 0.0, 1.0),
        (lambda v: numeric(np.arange(ROWS), scale="minmax"), 0.0, 39.0),
        (lambda v: samples(np.arange(ROWS)[:, None] + 2.0), 2.0, 39.0),
        (lambda v: samples(np.arange(ROWS)[:, None] / 100, loss="bernoulli"), 0.0, 1.0),
    ],
    ids=["none", "a number", "an offset", "pixels", "raw pixels", "minmax", "samples", "bernoulli"],
)
def test_a_given_offset_or_scale_replaces_the_learned_one(data, offset, scale, values):
    made = data(values)
    problem = problem_of(y=made) if made.type is DataType.SAMPLES else problem_of(made)
    found = column(problem, "y" if made.type is DataType.SAMPLES else "x")
    assert (found.offset, found.scale) == (offset, scale)


def test_numbers_of_a_users_own_type_are_not_scaled():
    data = with_scale("x", as_array("x", of_own_type("angle", numeric(np.arange(ROWS)))), np.arange(40))
    assert (data.offset, data.scale) == (0.0, 1.0)


def test_a_channel_and_an_image_have_one_scale():
    pictures = np.random.default_rng(0).normal(size=(ROWS, 2, 3, 4)) * np.array([1.0, 50.0])[:, None, None]
    problem = problem_of(features(pictures), image=samples(pictures.reshape(ROWS, -1), image=(2, 3, 4)))
    scale = np.array(column(problem, "x").scale).reshape(2, 12)
    assert (np.ptp(scale, axis=1) == 0).all()
    assert scale[1, 0] > 20 * scale[0, 0]
    assert isinstance(column(problem, "image").scale, float)


def test_an_output_learns_its_classes_from_its_names_and_an_empty_one_is_missing():
    names = np.array(["b", "a", "c", ""] * 15)
    problem = problem_of(y=discrete(names))
    assert column(problem, "y").classes == ("a", "b", "c")
    assert problem.train.truths["y"][:3].tolist() == [1, 0, 2]
    assert problem.train.present["y"][:4].tolist() == [True, True, True, False]
    for absent in (None, np.nan, pd.NA):
        listed = [name or absent for name in names.tolist()]
        assert problem_of(y=discrete(listed)).fingerprint == problem.fingerprint
    assert problem_of(y=discrete(names, classes=["a", "b", "c"])).fingerprint == problem.fingerprint


def test_classes_that_are_numbers_as_text_are_ordered_as_numbers():
    problem = problem_of(y=discrete(["10", "9", "2"] * 20))
    assert column(problem, "y").classes == ("2", "9", "10")


def test_an_input_learns_its_classes_from_the_training_split_alone():
    names = ["north"] * 20 + ["south"] * 30 + ["west"] * 10
    problem = problem_of(discrete(names))
    assert column(problem, "x").classes == ("north", "south")
    assert problem.test.inputs["x"].sum() == 0


def test_columns_of_a_frame_keep_their_names(values):
    frame = pd.DataFrame(values, columns=["height", "depth"])
    frame["kind"] = pd.Categorical(["a", "b"] * 30)
    problem = problem_of(numeric(frame[["height", "depth"]]), y=discrete(frame["kind"]))
    assert column(problem, "x").fields == ("height", "depth")
    assert column(problem, "y").fields == ("kind",)
    assert column(problem, "y").classes == ("a", "b")
