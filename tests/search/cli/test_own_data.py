"""A user's own data at the command line: from a table to a model, and one sentence for wrong input."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image
from sklearn.datasets import load_wine

from tests.conftest import files_of
from tests.spaces.own.files import ROWS, TOML, columns, pictures, table_file, write
from valp.model.bundle import load
from valp.search.facade.launch import launch
from valp.search.run.settings import read_settings
from valp.spaces.own import load_own


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    """Each test works in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def refused(outcome):
    """Asserts that a command refused its input in one sentence, and returns that."""
    code, out, err = outcome
    assert (code, out) == (1, ""), err
    (line,) = err.splitlines()
    assert line.startswith("valp: ")
    return line.removeprefix("valp: ")


# From a table to a model, on real data


@pytest.fixture
def wine(tmp_path):
    """The wines of scikit-learn; the grower of every fifth is unknown."""
    frame = load_wine()
    growers = [["Ada", "Bo", "Cy"][i] if row % 5 else None for row, i in enumerate(frame.target)]
    measured = {name: frame.data[:, i].tolist() for i, name in enumerate(frame.feature_names)}
    return table_file(tmp_path / "wine.csv", measured | {"grower": growers})


def test_from_a_table_with_holes_to_a_scored_model(valp, wine, tmp_path):
    code, out, err = valp("problems", "--new", wine)
    assert (code, err) == (0, "")
    assert "valp search wine.toml" in out
    code, out, err = valp("search", "wine.toml", "--candidates", 2, "--steps", 20, "--workers", 0)
    assert code == 0, err
    name = f"wine-{date.today()}"
    assert f"-o wine.valp --runs {tmp_path / 'runs'}" in out
    settings = read_settings(tmp_path / "runs" / name / "run.toml")
    assert (settings.problem, settings.source) == ("wine", str(tmp_path / "wine.toml"))
    number = out.split(f"valp train --from {name} ")[1].split()[0]

    code, out, err = valp("export", name, number, "-o", "wine.valp")
    assert (code, err) == (0, "")
    assert "next: valp score wine.valp --problem wine.toml" in out
    assert "give --problem FILE.toml" in refused(valp("score", "wine.valp"))
    code, out, err = valp("score", "wine.valp", "--problem", "wine.toml")
    assert (code, err) == (0, "")
    assert "accuracy" in out

    code, _, err = valp("train", "--from", name, number, "--steps", 5, "-o", "longer.valp")
    assert code == 0, err
    column = load(tmp_path / "longer.valp").manifest.preprocessing.inputs[0]
    assert column == load_own(tmp_path / "wine.toml").columns.inputs[0]
    assert column.fields[:2] == ("alcohol", "malic_acid")

    (tmp_path / "other.toml").write_text((tmp_path / "wine.toml").read_text().replace("[split]", "[split]\nseed = 5"))
    assert "with another offset of " in refused(valp("score", "wine.valp", "--problem", "other.toml"))
    (tmp_path / "wine.toml").rename(tmp_path / "moved.toml")
    sentence = refused(valp("train", "--from", name, number, "--steps", 5, "-o", "longer.valp"))
    assert f"{tmp_path / 'wine.toml'}, which no longer exists" in sentence
    assert valp("train", "--from", name, number, "--problem", "moved.toml", "--steps", 5, "-o", "l.valp")[0] == 0


def test_a_problem_that_moved_is_still_the_runs(small_run):
    settings = small_run.settings
    settings.require_same(settings.model_copy(update={"source": "/elsewhere/own.toml"}), "small")
    assert "source" in type(settings).model_fields
    assert launch.__kwdefaults__["source"] is None


# Drafts


def test_a_draft_overwrites_nothing(valp, tmp_path):
    table_file(tmp_path / "t.csv", columns())
    (tmp_path / "t.toml").write_text("precious")
    assert "t.toml already exists" in refused(valp("problems", "--new", "t.csv"))
    assert (tmp_path / "t.toml").read_text() == "precious"
    assert valp("problems", "--new", "t.csv", "-o", "new/u.toml")[0] == 0
    assert load_own(tmp_path / "new" / "u.toml").name == "u"


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("--new", "none.csv"), "none.csv cannot be read"),
        (("--new", "t.xlsx"), "t.xlsx must be one of .csv, .tsv, .parquet, .npz"),
        (("--new", "t.csv", "-o", "t.json"), "suffix must be .toml"),
        (("--new", "empty"), "empty must have a sub-folder of pictures"),
        (("-o", "t.toml"), "--new TABLE"),
    ],
)
def test_a_draft_from_a_file_that_is_not_a_table_is_refused(words, word, valp, tmp_path):
    table_file(tmp_path / "t.csv", columns())
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    (tmp_path / "empty").mkdir()
    before = files_of(tmp_path)
    assert word in refused(valp("problems", *words))
    assert files_of(tmp_path) == before


# What can be wrong with the TOML file: what stands in place of what, and what the sentence says


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[data]", "[data", "own.toml must be TOML, but is not: Expected ']'"),
        ("[data]", "[daten]", "own.toml: there is no key daten; did you mean 'data'?"),
        ("[data]", "titel = 'x'\n[data]", "there is no key titel; did you mean 'title'?"),
        ("[data]", "title = 3\n[data]", "title must be a valid string, but is 3"),
        ("table =", "tabel =", "there is no key data.tabel; did you mean 'table'?"),
        ("table =", "images = 'x'\ntable =", "data must name exactly one of: table; images"),
        ("table =", "train =", "data must name train, validation and test, but names only train"),
        ('"t.csv"', '"none.csv"', "none.csv cannot be read: No such file"),
        ('"t.csv"', '"."', "must be a table, but is a folder"),
        ('"t.csv"', '"t.xlsx"', "t.xlsx must be one of .csv, .tsv, .parquet, .npz"),
        ('"t.csv"', '"t.csv"\nseparator = ", "', "data.separator must have at most 1 character"),
        ('"t.csv"', '"t.csv"\nseparator = ";"', "inputs.measured: there is no column 'a'"),
        ('"t.csv"', '"t.csv"\nsize = [2]', "data.size.1 is missing"),
        ('"t.csv"', '"t.csv"\n[split]\nvalidation = 0.6\ntest = 0.6', "split must leave rows to train on"),
        ('"t.csv"', '"t.csv"\n[split]\nvalidation = 0', "split.validation must be greater than 0, but is 0"),
        ('"t.csv"', '"t.csv"\n[split]\nvalidation = "half"', "split.validation must be a valid number"),
        ('"t.csv"', '"t.csv"\n[split]\ncolumn = "kind"\nseed = 1', "split must have either column or seed"),
        ('"t.csv"', '"t.csv"\n[split]\ncolumn = "kind"', "t.csv, line 2: column 'kind' must be train, validation"),
        ('"t.csv"', '"t.csv"\n[split]\ncolumn = "kin"', "split.column: there is no column 'kin'; did you mean 'kind'?"),
        ('"t.csv"', '"t.csv"\n[split]\nstratify = "b"', "each class of column 'b' must have at least two rows"),
        ('type = "numeric"', "", "inputs.measured.type must be one of numeric, discrete, samples, features"),
        ('"numeric"', '"numerical"', "but is 'numerical'; did you mean 'numeric'?"),
        ('columns = ["a", "b"]', "", "inputs.measured must have one of columns, column, array, but has none"),
        ('["a", "b"]', '["a"]\ncolumn = "b"', "but has columns and column"),
        ('["a", "b"]', "[]", "inputs.measured.columns must have at least 1 item"),
        ('["a", "b"]', '["a", "bb"]', "inputs.measured: there is no column 'bb'"),
        ('["a", "b"]', '["x*"]', "inputs.measured: no column matches 'x*'"),
        ('["a", "b"]', '["a", "!a"]', "inputs.measured: patterns with '!' remove every column"),
        ('["a", "b"]', '["a", "kind"]', "column 'kind' is in inputs.measured and in outputs.kind"),
        ('["a", "b"]', '["a", "level", "sweet", "*"]\nscale = 0', "inputs.measured.scale must be standard, minmax"),
        ('["a", "b"]', '["a"]\nmissing = "median"', "inputs.measured.missing must be 'mean'"),
        ('["a", "b"]', '["a"]\nclass_weights = "balanced"', "there is no key inputs.measured.class_weights"),
        ('"numeric"', '"features"', "inputs.measured.shape must say how the 2 values of a row are laid out"),
        ('"numeric"', '"features"\nshape = [3, 1]', "inputs.measured.shape: [3, 1] has 3 values, but a row has 2"),
        ('"numeric"', '"features"\nshape = [2]', "inputs.measured.shape must have at least 2 items"),
        ("[inputs.measured]", "[inputs.kind]", "'kind' is both"),
        ("[inputs.measured]", '[inputs."my data"]', "own.toml: a name must be at most 64 letters"),
        ("[outputs.kind]", "[inputs.kind]", "there must be at least one output"),
        ("[inputs.measured]", "[outputs.measured]", "there must be at least one input"),
        ('"discrete"\ncolumn', '"numeric"\ncolumn', "t.csv, line 2: column 'kind' must hold numbers, but has 'red'"),
        ('"discrete"\ncolumn', '"labels"\ncolumn', "t.csv, line 2: column 'kind' must be yes or no"),
        ('column = "kind"', 'column = "t*"', "outputs.kind must name one column, but 't*' matches t1 and t2"),
        ('"discrete"\ncolumn', '"feature"\ncolumn', "numeric, discrete, labels, samples, features, but is 'feature'"),
        ('"discrete"\ncolumn = "kind"', '"features"\ncolumns = ["t*"]', "outputs.kind.shape must say how the 4 values"),
        ('column = "kind"', 'column = "kind"\nloss = "mse"', "output 'kind' of type discrete must have one of"),
        ('column = "kind"', 'column = "kind"\nloss = "crossentropy"', "but has 'crossentropy'"),
        ('column = "kind"', 'column = "kind"\nclass_weights = { pink = 2 }', "outputs.kind.class_weights: there is no"),
        ('column = "kind"', 'column = "kind"\nclass_weights = { red = -2 }', "must hold positive numbers"),
        ('column = "kind"', 'column = "kind"\nclass_weights = "equal"', 'class_weights must be "balanced" or a table'),
        ('"discrete"\ncolumn = "kind"', '"samples"\ncolumns = ["t*"]\nimage = [1, 3, 3]', "an image [1, 3, 3] has 9"),
    ],
)  # fmt: skip
def test_a_wrong_description_is_refused(old, new, words, valp, tmp_path):
    assert TOML.count(old) == 1
    write(tmp_path, TOML.replace(old, new))
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    assert words in refused(valp("search", "own.toml"))
    assert not (tmp_path / "runs").exists()


# What can be wrong with a table


def csv(lines):
    return lambda folder: (folder / "t.csv").write_bytes(
        "\n".join(lines).encode() if isinstance(lines, list) else lines
    )


def changed(**cells):
    """The usual table with one cell, as `column=(row, value)` says, in place of another; a whole column by a list."""

    def make(folder):
        values = columns()
        for name, what in cells.items():
            if isinstance(what, list):
                values[name] = what
            else:
                values[name] = list(map(str, values[name]))
                values[name][what[0]] = what[1]
        table_file(folder / "t.csv", values)

    return make


GOOD = ["a,b,kind", *(f"{i},{i},{'xy'[i % 2]}" for i in range(20))]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (csv(b""), "t.csv must have a header and rows, but is empty"),
        (csv(["a,b,kind"]), "t.csv must have rows, but has only a header"),
        (csv(["a,b,kind", "1,2,x"]), "t.csv has 1 rows, which are too few to split"),
        (csv([*GOOD, "1,2"]), "t.csv, line 22 must have 3 cells like the header, but has 2"),
        (
            csv([*GOOD[:5], "", *GOOD[5:], "1,2,x,4"]),
            "t.csv, line 23 must have 3 cells like the header, but has 4",
        ),
        (csv(["a,b,a", *GOOD[1:]]), "t.csv must name each column once, but column 'a' appears more than once"),
        (csv([*GOOD, '1,2,"x', "1,2,x"]), "t.csv, line 22: not a line of a CSV file"),
        (csv("\n".join([*GOOD, "1,2,é"]).encode("latin-1")), "t.csv, line 22: a CSV file must be UTF-8 text"),
        (csv([line.replace(",", ";") for line in GOOD]), "give data.separator = ';'"),
        (changed(a=(12, "")), "t.csv, line 14: column 'a' is empty, and an input must have a value; give missing ="),
        (changed(b=(3, "much")), "t.csv, line 5: column 'b' must hold numbers, but has 'much'"),
        (changed(b=(3, "1,5")), "t.csv, line 5: column 'b' must hold numbers, but has '1,5'"),
        (changed(b=(30, "inf")), "t.csv, line 32: column 'b' must hold finite float32 numbers, but has inf"),
        (changed(b=(30, "-1e300")), "t.csv, line 32: column 'b' must hold finite float32 numbers, but has -1e+300"),
        (changed(a=[None] * ROWS), "t.csv, line 2: column 'a' is empty"),
        (changed(kind=[""] * ROWS), "outputs.kind: its column has no value in the training split"),
        (changed(kind=["x"] * ROWS), "column 'kind' must have at least two classes"),
        (changed(kind=["x", "y"] * 10 + [""] * 20), ""),
        (changed(kind=[str(i) for i in range(ROWS)]), "never in the training split; give split.stratify = 'kind'"),
    ],
)
def test_a_wrong_csv_file_is_refused(make, words, valp, tmp_path):
    toml = TOML if words else TOML + "[split]\nvalidation = 0.02\ntest = 0.02\n"
    write(tmp_path, toml)
    make(tmp_path)
    assert (words or "outputs.kind must have a row with a value in the ") in refused(valp("search", "own.toml"))
    assert not (tmp_path / "runs").exists()


def npz(**arrays):
    return lambda folder: np.savez(folder / "t.npz", **arrays)


def content(name, of=b"PAR1 and nothing else"):
    return lambda folder: (folder / name).write_bytes(of)


def parquet(**values):
    return lambda folder: pyarrow.parquet.write_table(pa.table(columns() | values), folder / "t.parquet")


NUMBERS = np.arange(float(ROWS))


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("t.parquet", content("t.parquet"), "t.parquet must be a Parquet file, but is not"),
        ("t.parquet", parquet(kind=[None] * ROWS), "outputs.kind: its column has no value in the training split"),
        ("t.parquet", parquet(a=[[1.0, 2.0]] * ROWS), "t.parquet: column 'a' must hold numbers, but holds list<"),
        ("t.parquet", parquet(a=[date(2020, 1, 1)] * ROWS), "t.parquet: column 'a' must hold numbers, but holds date"),
        ("t.parquet", parquet(b=[*range(ROWS - 1), None]), "t.parquet, row 39 counted from 0: column 'b' is empty"),
        ("t.parquet", lambda folder: pyarrow.parquet.write_table(pa.table({"a": pa.array([], pa.float64())}),
                                                                 folder / "t.parquet"), "t.parquet must have rows"),
        ("t.npz", content("t.npz"), "t.npz must be an NPZ file of plain arrays, but is not"),
        ("t.npz", content("t.npz", b""), "t.npz must be an NPZ file of plain arrays, but is not"),
        ("t.npz", npz(a=np.array([{}] * ROWS)), "t.npz must be an NPZ file of plain arrays, but is not"),
        ("t.npz", npz(a=NUMBERS, b=NUMBERS[1:], kind=NUMBERS % 2), "arrays must have the same number of rows"),
        ("t.npz", npz(a=NUMBERS * 1j, b=NUMBERS), "array 'a' must hold numbers or texts, but holds complex128"),
        ("t.npz", npz(a=np.ones((ROWS, 2)), b=NUMBERS, kind=NUMBERS % 2), "array 'a' has several numbers per row"),
        ("t.npz", npz(a=NUMBERS, b=NUMBERS, kind=np.ones((ROWS, 2))), "array 'kind' must have one category a row"),
        ("t.npz", npz(a=NUMBERS, b=NUMBERS * np.nan, kind=NUMBERS % 2), "t.npz, row 0 counted from 0: column 'b'"),
        ("t.npz", npz(a=NUMBERS, kind=NUMBERS % 2), "there is no column 'b'"),
        ("t.npz", npz(a=NUMBERS[:0], b=NUMBERS[:0]), "t.npz must have arrays with rows"),
    ],
)  # fmt: skip
def test_a_wrong_parquet_or_npz_file_is_refused(name, make, words, valp, tmp_path):
    (tmp_path / "own.toml").write_text(TOML.replace("t.csv", name))
    make(tmp_path)
    sentence = refused(valp("search", "own.toml"))
    assert words in sentence
    assert name in sentence or "own.toml" in sentence


IMAGES = """
[data]
images = "pictures"
[inputs.picture]
type = "features"
array = "image"
[outputs.animal]
type = "discrete"
array = "label"
"""


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "pictures must be a folder of images, but does not exist"),
        (lambda folder: (folder / "pictures").write_text(""), "pictures must be a folder of images, but is a file"),
        (lambda folder: (folder / "pictures" / "cat").mkdir(parents=True), "must have a sub-folder of pictures"),
        (
            lambda folder: (pictures(folder / "pictures") / "dog" / "x.png").write_bytes(b"?"),
            "dog/x.png (not a PNG, JPEG, BMP, GIF, TIFF, WEBP or PPM picture)",
        ),
        (lambda folder: pictures(folder / "pictures", ("cat",)), "must have at least two classes"),
    ],
)
def test_a_wrong_folder_of_pictures_is_refused(make, words, valp, tmp_path):
    (tmp_path / "own.toml").write_text(IMAGES)
    make(tmp_path)
    assert words in refused(valp("search", "own.toml"))


@pytest.mark.parametrize("words", [("search", "own.toml"), ("problems", "--new", "pictures")])
def test_postscript_named_as_a_picture_is_refused_and_not_run(words, valp, tmp_path, postscript_runs):
    (tmp_path / "own.toml").write_text(IMAGES)
    Image.new("L", (4, 6)).save(pictures(tmp_path / "pictures") / "cat" / "cat.png", format="EPS")
    assert "cat/cat.png (not a PNG, JPEG, BMP, GIF, TIFF, WEBP or PPM picture)" in refused(valp(*words))
    assert postscript_runs == []


def test_every_unreadable_picture_and_every_other_size_is_named(valp, tmp_path):
    (tmp_path / "own.toml").write_text(IMAGES)
    folder = pictures(tmp_path / "pictures")
    whole = (folder / "cat" / "0.png").read_bytes()
    for name in ("cat/1.png", "dog/2.png"):
        (folder / name).write_bytes(whole[:60])
    sentence = refused(valp("search", "own.toml"))
    assert "cat/1.png" in sentence
    assert "dog/2.png" in sentence
    for name in ("cat/1.png", "dog/2.png"):
        (folder / name).write_bytes(whole)
    Image.new("L", (9, 5)).save(folder / "dog" / "3.png")
    assert "dog/3.png is 5×9; give data.size = [height, width]" in refused(valp("search", "own.toml"))


@pytest.mark.parametrize("command", ["search", "train", "score"])
def test_a_description_that_cannot_be_read_is_refused_by_every_command(command, valp, small_run, tmp_path):
    graph = small_run.folder.candidate(0) / "candidate.json"
    model = tmp_path / "model.valp"
    if command == "score":
        number = small_run.front()[0].number
        assert valp("export", "small", number, "-o", model, "--runs", small_run.folder.path.parent)[0] == 0
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes("title = 'é'".encode("latin-1"))
    for name, words in (("none", "cannot be read"), ("folder", "cannot be read"), ("latin", "must be UTF-8 text")):
        file = f"{name}.toml"
        how = {
            "search": ("search", file),
            "train": ("train", graph, "--problem", file, "-o", model),
            "score": ("score", model, "--problem", file),
        }[command]
        assert f"{file} {words}" in refused(valp(*how))


def test_split_files_must_have_the_columns(valp, tmp_path):
    values = columns()
    for name in ("x", "y", "z"):
        table_file(tmp_path / f"{name}.csv", values)
    files = 'train = "x.csv"\nvalidation = "y.csv"\ntest = "z.csv"'
    (tmp_path / "own.toml").write_text(TOML.replace('table = "t.csv"', files))
    table_file(tmp_path / "z.csv", {key: value for key, value in values.items() if key != "b"})
    assert "z.csv has no column 'b'" in refused(valp("search", "own.toml"))
    table_file(tmp_path / "z.csv", values | {"b": [None, *values["b"][1:]]})
    assert "z.csv, line 2: column 'b' is empty" in refused(valp("search", "own.toml"))
    (tmp_path / "own.toml").write_text(TOML.replace('table = "t.csv"', f"{files}\n[split]\nseed = 1"))
    assert "there must be no [split]" in refused(valp("search", "own.toml"))
