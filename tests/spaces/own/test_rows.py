"""A file of raw rows is read for a model in the same way as its training table."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow.parquet import write_table as write_parquet

from tests.spaces.own.files import ROWS, columns, pictures, table_file, write
from valp.errors import DataError
from valp.model.preprocessing import Preprocessing
from valp.model.raw_inputs import raw_inputs
from valp.spaces.own import load_own
from valp.spaces.own.read_rows import raw_column, read_rows
from valp.spaces.problem.array_columns import as_array, column_of
from valp.spaces.problem.problem import Problem, features, numeric

TOML = """
[data]
table = "t.csv"
missing = ["?"]

[split]
column = "part"

[inputs.measured]
type = "numeric"
columns = ["a", "b"]
scale = "minmax"
missing = "mean"

[inputs.sequence]
type = "features"
columns = ["t*"]
shape = [1, 4]

[inputs.level]
type = "discrete"
column = "level"

[inputs.sweet]
type = "discrete"
column = "sweet"

[outputs.kind]
type = "discrete"
column = "kind"
"""


@pytest.fixture
def own(tmp_path):
    """A problem of a table with holes, whose rows are in the order of the splits."""
    values = columns()
    values["a"] = [None if i % 5 == 0 else "?" if i % 7 == 0 else str(a) for i, a in enumerate(values["a"])]
    values["level"] = [None if i % 11 == 0 else level for i, level in enumerate(values["level"])]
    values["part"] = ["train"] * (ROWS - 10) + ["validation"] * 5 + ["test"] * 5
    return load_own(write(tmp_path, TOML, values)), values


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.tsv", "semicolons.csv"])
def test_the_rows_of_the_training_are_read_back_bit_for_bit(own, tmp_path, name):
    problem, values = own
    if name == "t.parquet":
        table_file(tmp_path / name, values)
    elif name != "t.csv":
        text = (tmp_path / "t.csv").read_text()
        (tmp_path / name).write_text(text.replace(",", "\t" if name == "t.tsv" else ";"))
    known = problem.columns
    assert Preprocessing.model_validate_json(known.model_dump_json()) == known
    table = read_rows(tmp_path / name, known.inputs, print)
    found = known.prepare(raw_inputs(table, known.inputs))
    for part in known.inputs:
        learnt = torch.cat([split.inputs[part.name] for split in (problem.train, problem.validation, problem.test)])
        assert torch.equal(found[part.name], learnt), part.name


def picture_problem(folder: Path, channels: str):
    pictures(folder / "pictures", mode="L" if channels == "grey" else "RGB")
    (folder / "own.toml").write_text(
        f"""
[data]
images = "pictures"
size = [6, 4]
grey = {str(channels == "grey").lower()}
[inputs.picture]
type = "features"
array = "image"
[outputs.animal]
type = "discrete"
array = "label"
"""
    )
    return load_own(folder / "own.toml")


@pytest.mark.parametrize("names", [["length, cm", "a"], ["length", "a", "note, if any"]])
def test_a_comma_in_a_name_does_not_hide_the_separator(names, tmp_path):
    x = numeric(np.arange(30.0), fields=names[:1])
    needed = Problem.from_arrays("p", inputs={"x": x}, outputs={"y": numeric(np.arange(30.0))}).columns.inputs
    (tmp_path / "t.csv").write_text(";".join(names) + "\n" + ";".join("1" * len(names)) + "\n")
    assert list(read_rows(tmp_path / "t.csv", needed, print).columns) == names


@pytest.mark.parametrize("channels", ["grey", "colour"])
def test_pictures_are_read_from_a_file_a_folder_and_its_sub_folders(tmp_path, channels):
    inputs = picture_problem(tmp_path, channels).columns.inputs
    said = []
    table = read_rows(tmp_path / "pictures", inputs, said.append)
    every = raw_inputs(table, inputs)["picture"]
    assert every.shape == (16, 1 if channels == "grey" else 3, 6, 4)
    assert table.columns["file"][9].as_py().endswith("dog/1.png")
    flat = raw_inputs(read_rows(tmp_path / "pictures" / "dog", inputs, said.append), inputs)["picture"]
    assert np.array_equal(flat, every[8:])
    one = raw_inputs(read_rows(tmp_path / "pictures" / "dog" / "1.png", inputs, said.append), inputs)["picture"]
    assert np.array_equal(one, every[9:10])
    assert said == []


def test_pictures_get_the_size_and_the_channels_of_the_model(tmp_path):
    inputs = picture_problem(tmp_path, "colour").columns.inputs
    Image.new("L", (9, 9), 100).save(tmp_path / "grey.png")
    said = []
    found = raw_inputs(read_rows(tmp_path / "grey.png", inputs, said.append), inputs)["picture"]
    assert found.shape == (1, 3, 6, 4)
    assert (found == 100).all()
    assert said == ["note: 1 of 1 pictures are resized to 6×4, the size that the model takes"]


ARRAY = column_of("x", as_array("x", numeric(np.zeros((2, 3)), scale=1.0, offset=0.0)))
SIXTEEN = column_of("x", as_array("x", features(np.zeros((2, 1, 6, 4)), scale=16.0, offset=0.0)))


def test_an_array_alone_is_the_one_input(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(6).reshape(2, 3))
    assert raw_inputs(read_rows(tmp_path / "x.npy", [ARRAY], print), [ARRAY])["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(DataError, match="holds one array, but the model needs x, x"):
        read_rows(tmp_path / "x.npy", [ARRAY, ARRAY], print)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "none.csv cannot be read"),
        ("none.npy", None, "none.npy cannot be read"),
        ("none.png", None, "none.png cannot be read: there is no such file"),
        ("empty.csv", b"", "must have a header and rows, but is empty"),
        ("header.csv", b"a,b\n", "must have rows, but has only a header"),
        ("empty.npz", b"", "must be an NPZ file"),
        ("empty.npy", b"", "must be an NPY file"),
        ("empty.parquet", b"", "must be a Parquet file"),
        ("text.npy", b"\x93NUMPY", "must be an NPY file"),
        ("t.xlsx", b"PK", "must be one of .csv, .tsv, .parquet, .npz, .npy, or a picture"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path, name, content, words):
    part = SIXTEEN.model_copy(update={"scale": 255.0})
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_rows(tmp_path / name, [part], print)


def test_pictures_are_refused_by_a_model_without_an_input_for_8_bit_pictures(tmp_path):
    pictures(tmp_path / "pictures")
    with pytest.raises(DataError, match="8-bit pictures, but the values of 'x' have another range"):
        read_rows(tmp_path / "pictures", [SIXTEEN], print)
    with pytest.raises(DataError, match="must have one input that is an image, but has none"):
        read_rows(tmp_path / "pictures", [ARRAY], print)


def test_whole_numbers_with_a_hole_are_copied_as_they_are(tmp_path):
    large = 2**53 + 1
    write_parquet(pa.table({"id": pa.array([large, None], pa.int64())}), tmp_path / "t.parquet")
    assert raw_column(read_rows(tmp_path / "t.parquet", [], print), "id").tolist() == [large, None]
