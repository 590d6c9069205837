"""Predictions and samples as columns."""

import numpy as np
import pandas as pd
import pytest

from tests.valp.model.test_predict import OUTPUTS, ROWS, model, raw  # noqa: F401 - fixtures
from valp.graph.graph import DataType
from valp.model.output_columns import flat
from valp.model.preprocessing import Column


def test_every_variable_label_and_class_is_a_column(model, raw):  # noqa: F811
    found = model.predict(raw)
    columns = model.flat(found)
    assert list(columns) == [
        "y.0", "y.1",
        *(f"tags.{label}" for label in ("red", "round", "ripe", "raw")),
        *(f"tags.probabilities.{label}" for label in ("red", "round", "ripe", "raw")),
        "kind", "kind.probabilities.ant", "kind.probabilities.bee", "kind.probabilities.cat",
        *(f"wave.{i}" for i in range(6)),
    ]  # fmt: skip
    frame = pd.DataFrame(columns)
    assert len(frame) == ROWS
    assert np.array_equal(frame["y.1"], found["y"][:, 1])
    assert np.array_equal(frame["kind.probabilities.cat"], found["kind.probabilities"][:, 2])
    assert np.array_equal(frame["tags.ripe"], found["tags"][:, 2])


@pytest.mark.parametrize(
    ("fields", "alone", "names"),
    [
        (("ash", "hue"), True, ["ash", "hue"]),
        (("ash", "hue"), False, ["profile.ash", "profile.hue"]),
        (("both",), True, ["profile.0", "profile.1"]),
        ((), True, ["profile.0", "profile.1"]),
    ],
)
def test_samples_that_are_the_only_output_have_the_column_names_of_the_users_table(fields, alone, names):
    profile = Column(name="profile", type=DataType.SAMPLES, size=2, fields=fields)
    ink = Column(name="ink", type=DataType.NUMERIC, size=1, fields=("ink in g",))
    outputs = [profile] if alone else [profile, ink]
    found = {"profile": np.zeros((3, 2)), "ink": np.zeros((3, 1))}
    assert list(flat(found, outputs))[:2] == names
    assert list(flat(found, outputs))[2:] == ([] if alone else ["ink"])
