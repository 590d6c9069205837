"""A model takes tables of every sort, many rows, and either precision."""

import copy

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from tests.valp.model.test_bundle import graph_of, model_of, with_wish
from tests.valp.model.test_predict import FIELDS, model, raw  # noqa: F401 - fixtures
from valp.errors import DataError
from valp.model.bundle import load
from valp.model.model import ROWS, Model


@pytest.fixture
def columns(raw):  # noqa: F811
    """The raw rows as the columns of a user's table; an input without fields has its own name."""
    table = {field: raw["x"][:, i] for i, field in enumerate(FIELDS)} | {"animal": raw["animal"]}
    for name in ("picture", "sound"):
        flat = raw[name].reshape(len(raw[name]), -1)
        table |= {f"{name}.{i}": flat[:, i] for i in range(flat.shape[1])}
    return table


@pytest.mark.parametrize("form", [pd.DataFrame, pa.table, lambda c: pd.DataFrame(c).assign(other="x")])
def test_a_table_predicts_what_its_inputs_predict(model, raw, columns, form):  # noqa: F811
    """As a table of the same kind."""
    table = form(columns)
    found, expected = model.predict(table), model.flat(model.predict(raw))
    assert type(found) is type(table)
    names = found.column_names if isinstance(found, pa.Table) else list(found)
    assert names == list(expected)
    assert all(np.array_equal(np.asarray(found[name]), expected[name]) for name in names)


def test_a_mapping_of_columns_predicts_arrays(model, raw, columns):  # noqa: F811
    found, expected = model.predict(columns), model.predict(raw)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in found)


def test_a_frame_keeps_its_index(model, columns):  # noqa: F811
    frame = pd.DataFrame(columns)
    frame.index = pd.Index([f"no. {i}" for i in range(len(frame))], name="bottle")
    found = model.predict(frame)
    assert found.index.equals(frame.index)
    assert found.index.name == "bottle"
    shuffled = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(model.predict(shuffled).loc[frame.index], found, rtol=1e-4)


def test_a_table_that_lacks_a_column_is_refused(model, columns):  # noqa: F811
    with pytest.raises(DataError, match="the data have no column 'mass', which input 'x' is made of"):
        model.predict(pd.DataFrame(columns).drop(columns="mass"))
    with pytest.raises(DataError, match="the data must be a table, or a mapping of columns, but are of type ndarray"):
        model.predict(np.ones((2, 3)))


def test_a_table_conditions_samples():
    conditioned = model_of(with_wish(graph_of("pixels")))
    random = np.random.default_rng(0)
    pixels = random.integers(0, 17, (4, 64))
    table = pd.DataFrame(pixels, columns=[f"pixels.{i}" for i in range(64)]).assign(wish=["one", "two", "two", "six"])
    found = conditioned.generate(4, conditions=table, seed=1)
    expected = conditioned.generate(4, conditions={"pixels": pixels, "wish": [1, 2, 2, 6]}, seed=1)["image"]
    assert np.array_equal(found.to_numpy(), expected.reshape(4, 64))
    assert found.index.equals(table.index)
    assert conditioned.generate(9, conditions=table[:1], seed=1).shape == (9, 64)
    with pytest.raises(DataError, match="'pixels' must have 1 or 3 rows to condition 3 samples, not 4"):
        conditioned.generate(3, conditions=table)


def test_one_value_conditions_all_samples():
    conditioned = model_of(with_wish(graph_of("pixels")))
    pixels = np.arange(64) % 17
    found = conditioned.generate(3, conditions={"pixels": pixels, "wish": "two"}, seed=1)["image"]
    expected = conditioned.generate(3, conditions={"pixels": [pixels] * 3, "wish": [2] * 3}, seed=1)["image"]
    assert np.array_equal(found, expected)
    with pytest.raises(DataError, match=r"'wish' must hold the classes zero, one, .*, but has 'eleven'"):
        conditioned.generate(3, conditions={"pixels": pixels, "wish": "eleven"})
    with pytest.raises(DataError, match="depend on input 'pixels', 'wish', but 'digit' is an output"):
        conditioned.generate(3, conditions={"pixels": pixels, "wish": 2, "digit": "two"})
    with pytest.raises(DataError, match="depend on no input, but 'digit' is an output"):
        model_of(graph_of()).generate(3, conditions={"digit": "two"})


def test_a_model_can_be_saved_and_displayed(tmp_path):
    made = model_of(with_wish(graph_of("pixels")))
    path = made.save(str(tmp_path / "m.valp"))
    again = load(path)
    assert again.graph == made.graph
    assert repr(again) == repr(made)
    assert "pixels, wish → digit, ink, image" in repr(made)
    html = made._repr_html_()
    assert "data:image/svg+xml" in html
    assert "1×8×8 numbers" in html
    assert "zero, one, two, three, four, five, … (10)" in html
    assert "0.9375" in html


def test_many_rows_get_the_same_predictions_as_few(model, raw):  # noqa: F811
    many = {name: np.concatenate([values] * (2 * ROWS // len(values))) for name, values in raw.items()}
    few, found = model.predict(raw), model.predict(many)
    assert len(found["y"]) > ROWS
    np.testing.assert_allclose(found["y"][-len(few["y"]) :], few["y"], rtol=1e-5)
    assert model.predict(many, draws=1, seed=0)["wave"].shape == (len(found["y"]), 6)
    assert np.array_equal(model.predict(many, draws=1, seed=0)["y"], model.predict(many, draws=1, seed=0)["y"])


def test_a_model_may_have_double_precision(model, raw):  # noqa: F811
    double = Model(copy.deepcopy(model.module).double(), model.manifest)
    found, expected = double.predict(raw, draws=2, seed=1), model.predict(raw, draws=2, seed=1)
    assert found["kind.probabilities"].dtype == np.float64
    np.testing.assert_allclose(found["kind.probabilities"], expected["kind.probabilities"], atol=1e-5)
    assert double.generate(3, seed=1)["wave"].shape == (3, 6)
    assert next(model.module.parameters()).dtype == torch.float32
