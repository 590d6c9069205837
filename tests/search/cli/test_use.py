"""`valp predict` and `valp generate` on raw rows, without the problem that the models learnt."""

import csv

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.conftest import files_of
from tests.search.listener import Listener
from tests.spaces.own.files import columns, table_file, write
from tests.valp.graphs import numeric, wired
from tests.valp.model.test_asked_conditions import SHARES, by_class, with_shares
from tests.valp.model.test_bundle import graph_of, with_wish
from tests.valp.model.test_bundle import model_of as untrained
from valp.model.bundle import Model, load, save
from valp.search.engine.models import model_of
from valp.search.facade.launch import launch
from valp.spaces.catalogue import catalogue_graph
from valp.spaces.own import load_own

TOML = """
[data]
table = "t.csv"

[split]
stratify = "kind"

[inputs.measured]
type = "numeric"
columns = ["a", "b"]
missing = "mean"

[inputs.level]
type = "discrete"
column = "level"

[outputs.kind]
type = "discrete"
column = "kind"

[outputs.taste]
type = "labels"
columns = ["sweet", "dry"]

[outputs.y]
type = "numeric"
column = "y"

[outputs.wave]
type = "samples"
columns = ["t*"]
"""


@pytest.fixture(scope="module")
def table_model(tmp_path_factory):
    """A model of a table with numbers, categories and holes, and samples; it is conditioned on nothing."""
    folder = tmp_path_factory.mktemp("own")
    values = columns()
    values["a"] = [None if i % 5 == 0 else a for i, a in enumerate(values["a"])]
    problem = load_own(write(folder, TOML, values))
    start = [catalogue_graph("mt-vae", problem)]
    run = launch(
        problem, name="t", runs=folder, candidates=1, steps=30, workers=0, start_from=start, display=Listener()
    ).stored  # fmt: skip
    save(model_of(run, run.ledger.entry(0)), folder / "t.valp")
    return folder / "t.valp"


@pytest.fixture(scope="module")
def digit_models(tmp_path_factory):
    """Models of digits that are not trained: their samples are conditioned on nothing, on pixels, or on a class."""
    folder = tmp_path_factory.mktemp("digits")
    for name, graph in (
        ("free", graph_of()),
        ("pixels", graph_of("pixels")),
        ("wish", with_wish(graph_of())),
        ("both", with_wish(graph_of("pixels"))),
    ):
        save(untrained(graph), folder / f"{name}.valp")
    np.savez(folder / "ten.npz", pixels=load_digits().data[:10], wish=np.arange(10))
    return folder


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """The test's own folder, with new rows: no outputs among them, another order, a name for each, a hole."""
    monkeypatch.chdir(tmp_path)
    values = columns(6)
    new = {"bottle": [f"no. {i}, old" for i in range(6)], "level": values["level"], "b": values["b"], "a": values["a"]}
    new["a"][2] = None
    table_file(tmp_path / "new.csv", new)
    table_file(tmp_path / "new.parquet", new)
    return tmp_path


def refused(outcome):
    code, out, err = outcome
    assert (code, out) == (1, ""), err
    (line,) = err.splitlines()
    return line.removeprefix("valp: ")


def read_csv(path):
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


# Predict


def test_predictions_have_the_users_names_and_units(valp, table_model, folder):
    code, out, err = valp("predict", table_model, "new.csv", "--id", "bottle", "-o", "p.csv")
    assert (code, out, err) == (0, "p.csv: 6 rows of kind, taste, y, wave\n", "")
    header, rows = read_csv(folder / "p.csv")
    assert header == [
        "bottle",
        "kind",
        *(f"kind.probabilities.{name}" for name in ("blue", "green", "red")),
        "taste.sweet",
        "taste.dry",
        "taste.probabilities.sweet",
        "taste.probabilities.dry",
        "y",
        *(f"wave.t{i}" for i in range(1, 5)),
    ]
    assert [row[0] for row in rows] == [f"no. {i}, old" for i in range(6)]
    assert {row[1] for row in rows} <= {"blue", "green", "red"}
    assert all(abs(sum(map(float, row[2:5])) - 1) < 1e-5 for row in rows)
    assert 0 < np.mean([float(row[9]) for row in rows]) < 200

    found = load(table_model).predict(pd.read_csv("new.csv"))
    assert [float(row[9]) for row in rows] == pytest.approx(list(found["y"]), rel=1e-6)


def test_every_format_holds_the_same_predictions(valp, table_model, folder):
    for data, output in (("new.csv", "p.csv"), ("new.parquet", "p.parquet"), ("new.csv", "deep/p.npz")):
        assert valp("predict", table_model, data, "--id", "bottle", "-o", output)[0] == 0
    header, rows = read_csv(folder / "p.csv")
    table = pyarrow.parquet.read_table(folder / "p.parquet")
    assert table.column_names == header
    assert [[str(table[name].to_numpy()[i]) for name in header] for i in range(6)] == rows
    with np.load(folder / "deep" / "p.npz") as arrays:
        assert arrays["bottle"].tolist() == [row[0] for row in rows]
        assert arrays["kind"].tolist() == [row[1] for row in rows]
        assert arrays["kind.classes"].tolist() == ["blue", "green", "red"]
        assert arrays["kind.probabilities"].shape == (6, 3)
        assert arrays["wave"].shape == (6, 4)


def test_the_written_file_is_described_in_json(valp, table_model, folder):
    predicted = valp("predict", table_model, "new.csv", "-o", "p.csv", "--json").json
    assert predicted == {"output": "p.csv", "rows": 6, "outputs": ["kind", "taste", "y", "wave"]}
    generated = valp("generate", table_model, "-n", 3, "-o", "g.npz", "--json").json
    assert generated == {"output": "g.npz", "samples": 3, "outputs": ["wave"]}


def test_the_same_seed_draws_the_same_samples(valp, table_model, folder):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert valp("predict", table_model, "new.csv", "--draws", 2, "--seed", seed, "-o", f"{name}.csv")[0] == 0
    texts = [(folder / f"{name}.csv").read_text() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]


def test_a_built_in_model_takes_an_array_for_each_input(valp, digit_models, tmp_path):
    assert valp("predict", digit_models / "both.valp", digit_models / "ten.npz", "-o", tmp_path / "p.csv")[0] == 0
    header, rows = read_csv(tmp_path / "p.csv")
    assert header[:2] == ["digit", "digit.probabilities.zero"]
    assert header[-1] == "image.63"
    assert len(rows) == 10
    with np.load(digit_models / "ten.npz") as arrays:
        np.save(tmp_path / "ten.npy", arrays["pixels"])
    assert valp("predict", digit_models / "free.valp", tmp_path / "ten.npy", "-o", tmp_path / "p.npz")[0] == 0
    with np.load(tmp_path / "p.npz") as arrays:
        assert arrays["image"].shape == (10, 1, 8, 8)


def test_a_new_category_is_reported_on_stderr(valp, table_model, folder):
    text = (folder / "new.csv").read_text()
    (folder / "new.csv").write_text(text.replace("old,7", "old,8").replace(",7,", ",8,"))
    code, _, err = valp("predict", table_model, "new.csv", "-o", "p.csv")
    assert (code, err) == (0, "note: level: '8' (2 rows) is not a category that the model knows\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("none.valp", "new.csv", "-o", "p.csv"), "none.valp cannot be read: No such file"),
        (("new.csv", "new.csv", "-o", "p.csv"), "new.csv is not a complete VALP bundle"),
        (("t.valp", "none.csv", "-o", "p.csv"), "none.csv cannot be read: No such file"),
        (("t.valp", "empty.csv", "-o", "p.csv"), "empty.csv must have a header and rows, but is empty"),
        (("t.valp", "header.csv", "-o", "p.csv"), "header.csv must have rows, but has only a header"),
        (("t.valp", "lacking.csv", "-o", "p.csv"), "lacking.csv has no column 'b', which input 'measured' is made of"),
        (("t.valp", "wrong.csv", "-o", "p.csv"), "wrong.csv, line 2: column 'b' must hold numbers, but has 'high'"),
        (("t.valp", "hole.csv", "-o", "p.csv"), "hole.csv, line 2 must have 3 cells like the header, but has 2"),
        (
            ("t.valp", "arrays.npz", "-o", "p.csv"),
            "array 'b' has several numbers per row, so it must be the only column",
        ),
        (("t.valp", ".", "-o", "p.csv"), "holds pictures, so the model must have one input that is an image"),
        (("t.valp", "t.valp", "-o", "p.csv"), "must be one of .csv, .tsv, .parquet, .npz, .npy, or a picture"),
        (("t.valp", "new.csv", "-o", "p.json"), "-o must end in .csv, .parquet or .npz, but is p.json"),
        (("t.valp", "new.csv", "-o", "new.csv/p.csv"), "new.csv/p.csv cannot be written"),
        (("t.valp", "new.csv", "-o", "folder.csv"), "folder.csv cannot be written: it is a folder"),
        (
            ("t.valp", "new.csv", "--id", "botle", "-o", "p.csv"),
            "has no column 'botle' for --id; did you mean 'bottle'",
        ),
        (
            ("t.valp", "kind.csv", "--id", "kind", "-o", "p.csv"),
            "--id kind cannot be written, because the predictions have",
        ),
    ],
)
def test_wrong_input_is_refused_in_one_sentence_and_leaves_no_file(words, sentence, valp, table_model, folder):
    (folder / "t.valp").write_bytes(table_model.read_bytes())
    (folder / "folder.csv").mkdir()
    for name, text in {
        "empty": "",
        "header": "a,b,level\n",
        "lacking": "a,level\n1,7\n",
        "wrong": "a,b,level\n1,high,7\n",
        "hole": "a,b,level\n1,2\n",
        "kind": "a,b,level,kind\n1,2,7,red\n",
    }.items():
        (folder / f"{name}.csv").write_text(text)
    np.savez(folder / "arrays.npz", a=np.ones(2), b=np.ones((2, 2)), level=np.ones(2))
    before = files_of(folder)
    assert sentence in refused(valp("predict", *words))
    assert files_of(folder) == before


# Generate


def test_samples_are_rows_in_the_form_of_the_table(valp, table_model, folder):
    for name in ("g.csv", "g.parquet", "again.csv"):
        code, out, err = valp("generate", table_model, "-n", 40, "--seed", 3, "-o", name)
        assert (code, out, err) == (0, f"{name}: 40 samples of wave\n", "")
    header, rows = read_csv(folder / "g.csv")
    assert header == ["t1", "t2", "t3", "t4"]
    assert len(rows) == 40
    assert np.abs(np.array(rows, float)).max() < 20  # draws of a model that has hardly learnt
    assert (folder / "g.csv").read_text() == (folder / "again.csv").read_text()
    assert pyarrow.parquet.read_table(folder / "g.parquet").column_names == header
    assert valp("generate", table_model, "-o", "g.npz")[0] == 0
    with np.load(folder / "g.npz") as arrays:
        assert arrays["wave"].shape == (64, 4)


def test_a_class_conditions_by_name_or_number(valp, digit_models, tmp_path):
    arrays = []
    for condition in ("seven", "7", "two"):
        path = tmp_path / f"{condition}.npz"
        words = ("-n", 3, "--seed", 1, "--condition", condition, "-o", path)
        assert valp("generate", digit_models / "wish.valp", *words)[0] == 0
        arrays.append(np.load(path)["image"])
    expected = load(digit_models / "wish.valp").generate(3, conditions={"wish": ["seven"]}, seed=1)["image"]
    assert np.array_equal(arrays[0], arrays[1])
    np.testing.assert_allclose(arrays[0], expected, rtol=1e-5)
    assert not np.allclose(arrays[0], arrays[2])


@pytest.mark.parametrize(
    ("count", "origins"),
    [(None, list(range(10))), (20, [i // 2 for i in range(20)]), (13, [0, 0, 1, 1, 2, 2, *range(3, 10)]), (2, [0, 1])],
)
def test_samples_are_divided_among_the_rows_of_a_condition(count, origins, valp, digit_models, tmp_path):
    words = () if count is None else ("-n", count)
    where = ("--condition", digit_models / "ten.npz", "--seed", 1, "-o", tmp_path / "g.csv")
    code, _, err = valp("generate", digit_models / "both.valp", *words, *where)
    assert (code, err) == (0, "note: only the first 2 of 10 rows condition a sample\n" if count == 2 else "")
    header, rows = read_csv(tmp_path / "g.csv")
    assert header[:3] == ["condition.row", "condition.wish", "image.0"]
    assert [int(row[0]) for row in rows] == origins
    (wish,) = (column for column in load(digit_models / "both.valp").inputs if column.name == "wish")
    assert [row[1] for row in rows] == [wish.classes[origin] for origin in origins]
    with np.load(digit_models / "ten.npz") as arrays:
        inputs = {name: arrays[name][origins] for name in ("pixels", "wish")}
    expected = load(digit_models / "both.valp").generate(len(origins), conditions=inputs, seed=1)["image"]
    np.testing.assert_allclose(
        np.array([row[2:] for row in rows], float), expected.reshape(len(origins), -1), rtol=1e-4
    )


@pytest.fixture(scope="module")
def class_models(tmp_path_factory):
    """Models that are not trained, whose samples are asked for by their class, and by other conditions too."""
    folder = tmp_path_factory.mktemp("class")
    for name, graph in (("digit", graph_of()), ("wish", with_wish(graph_of())), ("all", with_wish(graph_of("pixels")))):
        save(with_shares(untrained(by_class(graph)), digit=SHARES), folder / f"{name}.valp")
    np.savez(folder / "three.npz", pixels=load_digits().data[:3], wish=np.arange(3), digit=np.array([5, 6, 7]))
    np.savez(folder / "unclassed.npz", pixels=load_digits().data[:3], wish=np.arange(3))
    return folder


def images_of(valp, model, *words):
    done = valp("generate", model, "--seed", 1, *words, "-o", model.parent / "g.npz")
    assert done.code == 0, done.err
    with np.load(model.parent / "g.npz") as arrays:
        return arrays["image"]


def test_samples_are_asked_for_by_a_class_of_an_output(valp, class_models):
    model = class_models / "digit.valp"
    expected = load(model).generate(5, conditions={"digit": "seven"}, seed=1)["image"]
    for condition in ("digit=seven", "digit=7", "seven", "7"):
        np.testing.assert_allclose(images_of(valp, model, "-n", 5, "--condition", condition), expected, rtol=1e-5)


@pytest.mark.parametrize(("share", "noted"), [(0.12, True), (0.9, False)])
def test_samples_that_ignore_their_condition_are_noted(share, noted, valp, class_models, tmp_path):
    model = load(class_models / "digit.valp")
    model.manifest = model.manifest.model_copy(update={"scores": {"validation": {"conditioning": share}}})
    save(model, tmp_path / "m.valp")
    asked = valp("generate", tmp_path / "m.valp", "-n", 2, "--condition", "digit=7", "-o", tmp_path / "g.npz")
    assert ("hardly follow their condition: conditioning is 0.12" in asked.err) == noted
    assert "hardly" not in valp("generate", tmp_path / "m.valp", "-n", 2, "-o", tmp_path / "g.npz").err


def test_without_a_condition_classes_are_drawn(valp, class_models):
    model = class_models / "digit.valp"
    drawn = images_of(valp, model, "-n", 6)
    assert np.array_equal(drawn, load(model).generate(6, seed=1)["image"])
    with np.load(class_models / "g.npz") as arrays:
        classes = arrays["condition.digit"]
    assert set(classes) <= {"zero", "one", "two", "three"}
    given = load(model).generate(6, conditions={"digit": classes}, seed=1)["image"]
    np.testing.assert_allclose(given, drawn, rtol=1e-5)
    assert valp("generate", model, "-n", 40, "-o", class_models / "g.csv").code == 0
    header, rows = read_csv(class_models / "g.csv")
    assert header[0] == "condition.digit"
    assert 1 < len({row[0] for row in rows}) <= 4
    assert valp("generate", model, "-n", 9, "-o", class_models / "g.png").code == 0


def test_several_conditions_are_given_one_by_one_or_by_a_file(valp, class_models):
    model = class_models / "wish.valp"
    named = images_of(valp, model, "-n", 3, "--condition", "wish=two", "--condition", "digit=4")
    expected = load(model).generate(3, conditions={"wish": 2, "digit": 4}, seed=1)["image"]
    np.testing.assert_allclose(named, expected, rtol=1e-5)
    model = class_models / "all.valp"
    with np.load(class_models / "three.npz") as arrays:
        rows = {name: arrays[name] for name in arrays.files}
    whole = images_of(valp, model, "--condition", class_models / "three.npz")
    np.testing.assert_allclose(whole, load(model).generate(3, conditions=rows, seed=1)["image"], rtol=1e-5)
    fixed = images_of(valp, model, "--condition", "digit=4", "--condition", class_models / "unclassed.npz")
    expected = load(model).generate(3, conditions=rows | {"digit": 4}, seed=1)["image"]
    np.testing.assert_allclose(fixed, expected, rtol=1e-5)
    drawn = images_of(valp, model, "--condition", class_models / "unclassed.npz")
    del rows["digit"]
    np.testing.assert_allclose(drawn, load(model).generate(3, conditions=rows, seed=1)["image"], rtol=1e-5)


@pytest.mark.parametrize(
    ("model", "words", "sentence"),
    [
        ("digit", ("digit=eleven",), "--condition for 'digit' must be a class of it (zero, one, two"),
        ("digit", ("ink=3",), "conditioned on 'digit' (discrete), so --condition must be a class (zero, one"),
        ("digit", ("digit=1", "digit=2"), "--condition must give one class of 'digit', but gives two"),
        ("digit", ("1", "lost.csv"), "so --condition must be a class (zero, one, two"),
        ("wish", ("digit=1",), "conditioned on 'wish' (discrete), so --condition must be a class (zero, one"),
        ("all", ("digit=1",), "on 'pixels' (numeric) and 'wish' (discrete), so --condition must be a file with rows"),
        ("all", ("pixels=1",), "--condition for 'pixels' must be a file with rows of it, but is '1'"),
    ],
)
def test_a_class_that_cannot_be_asked_for_is_refused(model, words, sentence, valp, class_models, folder):
    before = files_of(folder)
    given = [word for text in words for word in ("--condition", text)]
    assert sentence in refused(valp("generate", class_models / f"{model}.valp", *given, "-o", "g.npz"))
    assert files_of(folder) == before


def test_generated_images_are_written_as_a_grid(valp, digit_models, tmp_path):
    grid = tmp_path / "g.png"
    assert valp("generate", digit_models / "free.valp", "-n", 7, "-o", grid)[0] == 0
    with Image.open(grid) as picture:
        assert (picture.mode, picture.size) == ("L", (2 + 3 * 66, 2 + 3 * 66))
    seen = untrained(graph_of("pixels"))
    (pixels,) = seen.manifest.preprocessing.inputs
    columns = seen.manifest.preprocessing.model_copy(
        update={"inputs": (pixels.model_copy(update={"image": (1, 8, 8)}),)}
    )
    save(Model(seen.module, seen.manifest.model_copy(update={"preprocessing": columns})), tmp_path / "seen.valp")
    where = ("--condition", digit_models / "ten.npz", "-o", grid)
    assert valp("generate", tmp_path / "seen.valp", "-n", 30, *where)[0] == 0
    with Image.open(grid) as picture:
        assert picture.size == (2 + 64 + 8 + 64 + 66 + 66 + 2, 2 + 10 * 66)
        first = np.asarray(picture)[2:66:8, 2:66:8]
    np.testing.assert_allclose(first, load_digits().images[0] / 16 * 255, atol=1)


@pytest.mark.parametrize(
    ("model", "words", "sentence"),
    [
        ("free", ("--condition", "7"), "nothing conditions the samples of this model, so --condition must be left out"),
        ("wish", (), "conditioned on 'wish' (discrete), so --condition must be a class (zero, one, two"),
        ("wish", ("--condition", "eleven"), "or a file with rows of it, but is 'eleven'"),
        ("wish", ("--condition", "11"), "a file with rows of it, but is '11'"),
        (
            "pixels",
            ("--condition", "7"),
            "'pixels' (numeric), so --condition must be a file with rows of it, but is '7'",
        ),
        ("both", (), "on 'pixels' (numeric) and 'wish' (discrete), so --condition must be a file with rows of it"),
        ("both", ("--condition", "new.csv"), "new.csv has no column 'pixels', which is an input of 64 numbers a row"),
    ],
)
def test_a_condition_that_does_not_fit_is_refused(model, words, sentence, valp, digit_models, folder):
    before = files_of(folder)
    assert sentence in refused(valp("generate", digit_models / f"{model}.valp", *words, "-o", "g.npz"))
    assert files_of(folder) == before


def test_samples_that_are_not_images_are_not_drawn(valp, table_model, folder):
    assert "a .png needs one output of grey or colour pictures" in refused(
        valp("generate", table_model, "-o", folder / "g.png")
    )


def test_a_model_without_samples_cannot_generate(valp, tmp_path):
    graph = wired(
        [("a", "g", numeric(1), "concatenation")], [("pixels", "a"), ("a", "ink")], [("ink", numeric(1))],
        [("mse", "ink", "ink")], inputs=[("pixels", 64)],
    )  # fmt: skip
    save(untrained(graph), tmp_path / "m.valp")
    sentence = refused(valp("generate", tmp_path / "m.valp", "-o", tmp_path / "g.csv"))
    assert "generates nothing, because it has no output of type samples" in sentence


@pytest.mark.parametrize("words", [("-n", 0), ("--seed", -1)])
def test_an_impossible_number_is_a_usage_error(words, valp, digit_models):
    assert valp("generate", digit_models / "free.valp", *words, "-o", "g.npz")[0] == 2


def test_the_data_are_not_replaced_by_the_predictions(valp, table_model, folder):
    before = (folder / "new.csv").read_bytes()
    assert refused(valp("predict", table_model, "new.csv", "-o", "./new.csv")) == (
        "-o must be another file than the data, but both are new.csv"
    )
    assert (folder / "new.csv").read_bytes() == before


def test_a_data_frame_with_a_new_category_is_a_warning(table_model, folder):
    frame = pd.read_csv(folder / "new.csv").astype({"level": str})
    frame.loc[0, "level"] = "99"
    with pytest.warns(UserWarning, match="level: '99' \\(1 row\\) is not a category that the model knows"):
        load(table_model).predict(frame)
