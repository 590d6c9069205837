"""Sequences and images from a table, to read and to predict: their shapes, scales and holes."""

import numpy as np
import pytest

from tests.spaces.own.files import ROWS, columns, write
from valp.errors import DataError, SettingError
from valp.graph.graph import DataType
from valp.search.facade.launch import launch
from valp.spaces.own import load_own

LATER = """
[data]
table = "t.csv"
[inputs.before]
type = "features"
columns = ["t*"]
shape = [1, 4]
[outputs.after]
type = "features"
columns = ["u*"]
shape = [2, 4]
loss = ["mse", "huber"]
[split]
column = "part"
"""


def later(**changed):
    """The usual table with a sequence of two channels to predict, the second a hundred times the first."""
    values = columns() | {"part": ["train"] * 20 + ["validation"] * 10 + ["test"] * 10}
    for i in range(1, 5):
        values[f"u{i}"] = [value + 3 for value in values[f"t{i}"]]
        values[f"u{i + 4}"] = [100 * value for value in values[f"u{i}"]]
    return dict(sorted((values | changed).items()))


def test_a_channel_of_features_has_one_scale(tmp_path):
    signal = np.stack([np.arange(120.0).reshape(30, 4), np.full((30, 4), 7.0)], axis=1)
    np.savez(tmp_path / "x.npz", x=signal, digit=np.arange(30) % 2)
    (tmp_path / "own.toml").write_text(
        '[data]\ntable = "x.npz"\n[inputs.x]\ntype = "features"\narray = "x"\nshape = [2, 4]\n'
        '[outputs.digit]\ntype = "discrete"\narray = "digit"\n'
    )
    (column,) = load_own(tmp_path / "own.toml").columns.inputs
    assert column.shape == (2, 4)
    assert len(set(column.offset[:4])) == 1
    assert (column.offset[4:], column.scale[4:]) == ((7.0,) * 4, (1.0,) * 4)


def test_a_sequence_is_an_output(tmp_path):
    values = later()
    problem = load_own(write(tmp_path, LATER, values))
    column = problem.columns.output("after")
    assert (column.type, column.shape) == (DataType.FEATURES, (2, 4))
    assert column.fields == tuple(f"u{i}" for i in range(1, 9))
    assert problem.losses["after"] == ("mse", "huber")
    trained = np.stack([values[f"u{i}"][:20] for i in range(1, 9)]).reshape(2, -1)
    assert column.offset == pytest.approx(np.repeat(trained.mean(1), 4))
    assert column.scale == pytest.approx(np.repeat(trained.std(1), 4))
    truths = np.stack([values[f"u{i}"][20:30] for i in range(1, 9)], axis=1).reshape(-1, 2, 4)
    np.testing.assert_allclose(column.restore(problem.validation.truths["after"]), truths, rtol=1e-5)


def test_empty_cells_of_a_sequence_are_missing_values(tmp_path):
    values = later(u3=[None if row in (1, 25) else float(row) for row in range(ROWS)])
    problem = load_own(write(tmp_path, LATER, values))
    for split, row in ((problem.train, 1), (problem.validation, 5)):
        assert (~split.present["after"]).nonzero().tolist() == [[row, 2]]
    assert "after" not in problem.test.present


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("shape = [2, 4]", "", "own.toml: outputs.after.shape must say how the 8 values of a row are laid out"),
        ("[2, 4]", "[2, 3]", r"own.toml: outputs.after.shape: \[2, 3\] has 6 values, but a row has 8"),
        ("[2, 4]", "[4, 2]", "own.toml: output 'after', features 4×2, must have the sides of a features input"),
        (
            '"features"\ncolumns = ["t*"]\nshape = [1, 4]',
            '"numeric"\ncolumns = ["t*"]',
            "the sides of a features input",
        ),
        ('["u*"]\nshape = [2, 4]', '["t*"]\nshape = [1, 4]', "column 't1' is in inputs.before and in outputs.after"),
        ('["mse", "huber"]', '"gaussian"', "own.toml: output 'after' of type features must have one of the losses mse"),
        ('["mse", "huber"]', '"mse"\nmissing = "mean"', "there is no key outputs.after.missing"),
        ('["mse", "huber"]', '"mse"\nimage = [1, 2, 4]', "there is no key outputs.after.image"),
    ],
)
def test_a_sequence_to_predict_that_does_not_fit_is_refused(old, new, words, tmp_path):
    assert LATER.count(old) == 1
    with pytest.raises(DataError, match=words):
        load_own(write(tmp_path, LATER.replace(old, new), later()))


def test_a_sequence_must_have_a_value_in_each_split(tmp_path):
    values = {name: [*column[:30], *[None] * 10] if name[0] == "u" else column for name, column in later().items()}
    with pytest.raises(DataError, match=r"outputs.after must have a row with a value in the test split"):
        load_own(write(tmp_path, LATER, values))


def test_a_sequence_is_searched_in_the_full_space(tmp_path):
    problem = load_own(write(tmp_path, LATER, later()))
    asked = {"name": "later", "runs": tmp_path, "candidates": 1, "steps": 20, "workers": 0}
    with pytest.raises(
        SettingError, match="no network kind that produces output 'after'; the full space has every kind"
    ):
        launch(problem, **asked)
    (entry,) = launch(problem, space="full", **asked).stored.ledger.entries()
    assert entry.result.failure is None
    assert {"mse", "r2"} <= entry.result.scores.keys()
