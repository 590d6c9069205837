"""Scaling by quantiles: exact on the training data, the same in exported files."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from valp.errors import DataError
from valp.graph.graph import DataType
from valp.model.export.deployed import Prepare, Restore
from valp.model.preprocessing import Column
from valp.model.quantiles import Quantiles
from valp.spaces.problem.arrays import features, numeric, samples
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scaling import KNOTS, learnt_quantiles

RANDOM = np.random.default_rng(0)
ROWS = 900
TABLE = np.stack(
    [
        RANDOM.lognormal(3, 2, ROWS),  # skewed, all values differ
        RANDOM.integers(0, 2, ROWS) * 0.0950 - 0.0446,  # two values
        RANDOM.poisson(4, ROWS).astype(float),  # counts
        np.full(ROWS, 7.25),  # a constant
        RANDOM.normal(1e6, 1e-2, ROWS),  # large values with small differences
    ],
    1,
)
QUANTILES = learnt_quantiles(TABLE, np.arange(ROWS))


def column(quantiles=QUANTILES):
    scale = tuple(np.maximum(TABLE.std(0), 1e-9).tolist())
    return Column(name="rows", type=DataType.SAMPLES, size=5, quantiles=quantiles, scale=scale)


def test_many_values_are_thinned_and_repeated_ones_are_kept():
    assert [len(part.values) for part in QUANTILES] == [KNOTS, 2, len(np.unique(TABLE[:, 2])), 1, KNOTS]
    assert [part.bounds is None for part in QUANTILES] == [True, False, False, False, True]


def test_scores_are_normally_distributed():
    scores = column().prepare(TABLE).numpy()
    assert scores[:, [0, 2, 4]].mean(0) == pytest.approx(0, abs=0.05)
    assert scores[:, [0, 4]].std(0) == pytest.approx(1, abs=0.05)
    assert set(scores[:, 3]) == {0.0}


def test_the_inverse_is_exact_for_the_training_data():
    found = column().restore(column().prepare(TABLE))
    np.testing.assert_array_equal(found[:, 1:4], TABLE[:, 1:4].astype(np.float32))
    np.testing.assert_allclose(found[:, 0], TABLE[:, 0], rtol=1e-5)
    np.testing.assert_allclose(found[:, 4], TABLE[:, 4], rtol=1e-7)


def test_any_score_becomes_a_value_in_the_range_of_the_training_data():
    found = column().restore(torch.randn(500, 5) * 5)
    assert (found >= TABLE.min(0).astype(np.float32)).all()
    assert (found <= TABLE.max(0).astype(np.float32)).all()
    for place in (1, 2, 3):
        assert set(found[:, place]) <= set(TABLE[:, place].astype(np.float32))


def test_values_outside_the_training_data_get_the_score_of_its_end():
    scores = column().prepare(np.stack([TABLE.max(0) * 2, TABLE.max(0)]))
    assert torch.equal(scores[0], scores[1])
    with pytest.raises(DataError, match="must hold finite numbers, but row 0 does not"):
        column().prepare(np.full((1, 5), np.inf))


def test_the_modules_of_exported_files_compute_the_same():
    table = TABLE[:, :4].astype(np.float32)
    part = Column(name="rows", type=DataType.SAMPLES, size=4, quantiles=QUANTILES[:4])
    more = np.concatenate([table, table[:50] * 1.01, table[:50] - 3])
    np.testing.assert_allclose(Prepare(part)(torch.from_numpy(more)), part.prepare(more), atol=1e-5)
    scores = torch.randn(600, 4) * 2
    np.testing.assert_allclose(Restore(part)(scores)[""], part.restore(scores), rtol=1e-5)


def test_a_problem_learns_quantiles_on_its_training_split():
    target = RANDOM.normal(size=ROWS)
    problem = Problem.from_arrays(
        "t", inputs={"x": numeric(TABLE[:, :3], scale="quantile")},
        outputs={"y": numeric(target), "rows": samples(TABLE, scale="quantile")}, seed=0,
    )  # fmt: skip
    (x,), rows = problem.columns.inputs, problem.columns.output("rows")
    assert len(x.quantiles) == 3
    assert problem.train.inputs["x"][:, 0].std() == pytest.approx(1, abs=0.05)
    assert Column.model_validate_json(rows.model_dump_json()) == rows
    found = rows.restore(problem.train.truths["rows"])
    assert set(found[:, 1].tolist()) == set(TABLE[:, 1].tolist())


def test_a_column_without_quantiles_has_the_document_of_earlier_versions():
    assert "quantiles" not in Column(name="x", type=DataType.NUMERIC, size=2).model_dump()


@pytest.mark.parametrize("data", [features(TABLE.reshape(ROWS, 1, 5), scale="quantile"),
                                  samples(TABLE[:, :4], scale="quantile", image=(1, 2, 2))])  # fmt: skip
def test_pictures_and_sequences_are_refused(data):
    with pytest.raises(DataError, match="must not be a picture or a sequence to be scaled by quantiles"):
        Problem.from_arrays("t", inputs={"x": numeric(TABLE)}, outputs={"y": numeric(TABLE[:, 0]), "z": data})


@pytest.mark.parametrize(
    "words",
    [
        {"values": (1.0, 1.0), "scores": (0.0, 1.0)},
        {"values": (1.0, 2.0), "scores": (0.0,)},
        {"values": (1.0, 2.0), "scores": (0.0, 1.0), "bounds": ()},
        {"values": (1.0, float("inf")), "scores": (0.0, 1.0)},
        {"values": (), "scores": ()},
    ],
)
def test_quantiles_that_are_no_map_are_refused(words):
    with pytest.raises(ValidationError):
        Quantiles(**words)


def test_a_column_has_quantiles_for_each_variable():
    with pytest.raises(ValueError, match="must have numbers and 5 quantiles, but has 2"):
        column(QUANTILES[:2])
