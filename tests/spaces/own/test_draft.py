"""A draft describes its table, and loads as it is."""

import re
import tomllib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.spaces.own.files import ROWS, columns, pictures, table_file
from valp.errors import DataError
from valp.spaces.own import load_own
from valp.spaces.own.csv_table import guess_separator
from valp.spaces.own.toml_draft import draft

AWKWARD = {
    "id": [f"row {i}" for i in range(ROWS)],
    "2nd value": [i + 0.25 for i in range(ROWS)],
    'a "quoted" * name': [i * 0.5 for i in range(ROWS)],
    "constant": [1] * ROWS,
    "empty": [None] * ROWS,
    "holes": [None if i % 5 == 0 else i * 1.5 for i in range(ROWS)],
    "town": [["Aa, b", "C\tc", "D"][i % 3] for i in range(ROWS)],
    "numbers": [["x", "y"][i % 2] for i in range(ROWS)],
    "stars": [i % 4 for i in range(ROWS)],
    "name!": [f"person {i}" for i in range(ROWS)],
}


def drafted(table, folder):
    """A draft written for a table, as TOML and as the problem it loads as."""
    text = draft(table, folder)
    (folder / "own.toml").write_text(text)
    return text, tomllib.loads(text), load_own(folder / "own.toml")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_draft_of_an_awkward_table_loads_as_it_is(name, tmp_path):
    text, read, problem = drafted(table_file(tmp_path / name, AWKWARD), tmp_path)
    assert all(f"# {row}" in text for row in ('"id"', '"2nd value"', '"constant"', '"empty"'))
    assert read["inputs"]["numbers"]["columns"] == ["2nd value", 'a "quoted" * name', "holes"]
    assert read["inputs"]["numbers"]["missing"] == "mean"
    assert read["inputs"]["numbers_2"]["column"] == "numbers"
    assert problem.columns.output("stars").classes == ("0", "1", "2", "3")
    assert read["split"]["stratify"] == "stars"
    assert read["inputs"].keys() == {"numbers", "town", "numbers_2"}


@pytest.mark.parametrize(
    ("last", "type_"),
    [
        ([i * 1.5 for i in range(ROWS)], "numeric"),
        ([["x", "y"][i % 2] for i in range(ROWS)], "discrete"),
        ([i % 3 for i in range(ROWS)], "discrete"),
        ([i % 2 == 0 for i in range(ROWS)], "discrete"),
        ([i % 30 for i in range(ROWS)], "numeric"),
        ([None if i % 3 else i % 2 for i in range(ROWS)], "discrete"),
    ],
)
def test_the_last_column_is_guessed_to_be_the_output(last, type_, tmp_path):
    values = {key: value for key, value in columns().items() if key in "ab"} | {"last one": last}
    _, read, problem = drafted(table_file(tmp_path / "t.csv", values), tmp_path)
    assert read["outputs"]["last_one"] == {"type": type_, "column": "last one"}
    assert [column.name for column in problem.columns.outputs] == ["last_one"]


def test_the_separator_is_found(tmp_path):
    rows = "\n".join(f"{i * 2};{i % 2};x,{i}" for i in range(ROWS))
    (tmp_path / "t.csv").write_text(f"a;kind;text\n{rows}\n")
    _, read, _ = drafted(tmp_path / "t.csv", tmp_path)
    assert read["data"] == {"table": "t.csv", "separator": ";"}


@pytest.mark.parametrize(("rare", "weighted"), [(20, True), (80, False), (3, False)])
def test_a_rare_class_is_weighted_in_the_draft_if_it_can_be_scored(rare, weighted, tmp_path):
    """A search for accuracy alone would find that no row has it. Of three rows, a split may have none."""
    kinds = ["yes"] * rare + ["no"] * (400 - rare)
    table = table_file(tmp_path / "t.csv", {"a": list(range(7, 407)), "kind": kinds})
    text, _, problem = drafted(table, tmp_path)
    assert ("kind" in problem.class_weights) == weighted
    assert ("the rarest class has 20 of 400 rows" in text) == weighted
    assert problem.remarks == ()


@pytest.mark.parametrize("line", ["\n", "\r\n"])
@pytest.mark.parametrize("text", ["length, cm, or none;width|1.5;2||2.5;3", "Länge, cm;Breite, cm|1,5;2,5|3,5;4,5"])
def test_the_separator_is_that_of_all_lines_and_not_a_comma_in_names(text, line):
    assert guess_separator(text.replace("|", line).encode()) == ";"


def test_a_sign_that_is_a_class_stays_a_class(tmp_path):
    """It means no value among the numbers of another column, but [data] holds for the whole table."""
    values = {
        "dose": ["none" if i % 8 == 0 else str(i) for i in range(ROWS)],
        "age": ["-" if i % 8 == 0 else str(i) for i in range(ROWS)],
        "size": list(range(5, ROWS + 5)),
        "reaction": [["none", "mild"][i % 2] for i in range(ROWS)],
    }
    _, read, problem = drafted(table_file(tmp_path / "t.csv", values), tmp_path)
    assert read["data"]["missing"] == ["-"]
    assert problem.columns.output("reaction").classes == ("mild", "none")


@pytest.mark.parametrize(
    ("cell", "remark"),
    [("{},50", "decimal comma"), ("{},500", "commas between thousands"), ("{}_000", ""), ("{}e50", "")],
)
def test_what_looks_like_numbers_is_said(cell, remark, tmp_path):
    values = {"price": [cell.format(i % 5 + 1) for i in range(ROWS)], "a": list(range(5, ROWS + 5))}
    text = draft(table_file(tmp_path / "t.csv", values), tmp_path)
    row = next(line for line in text.splitlines() if line.startswith('# "price"'))
    assert ("(" in row) == bool(remark)
    assert remark in row


def test_numbers_with_a_sign_for_no_value_are_numbers(tmp_path):
    """Otherwise each number would be a category of its own."""
    values = {
        "age": ["?" if i % 9 == 0 else str(i) for i in range(ROWS)],
        "height": ["Unknown" if i % 7 == 0 else str(i * 0.5) for i in range(ROWS)],
        "grade": ["A" if i == 3 else str(i % 3) for i in range(ROWS)],
        "price": [f"{i % 5},50" for i in range(ROWS)],
        "kind": [["x", "y"][i % 2] for i in range(ROWS)],
    }
    text, read, problem = drafted(table_file(tmp_path / "t.csv", values), tmp_path)
    assert read["data"]["missing"] == ["?", "Unknown"]
    assert read["inputs"]["numbers"]["columns"] == ["age", "height"]
    assert next(column.size for column in problem.columns.inputs if column.name == "numbers") == 2
    assert 'texts (numbers but for "A")' in text
    assert "texts (numbers with a decimal comma: write a point to have numbers)" in text


def test_many_numbered_columns_become_a_pattern(tmp_path):
    values = {f"t{i}": [float(row * (i + 1)) for row in range(ROWS)] for i in range(1, 30)} | {
        "kind": columns()["kind"]
    }
    _, read, problem = drafted(table_file(tmp_path / "t.csv", values), tmp_path)
    assert read["inputs"]["numbers"]["columns"] == ["t*"]
    assert problem.columns.inputs[0].size == 29


def test_the_commented_example_of_generation_loads_too(tmp_path):
    text, _, _ = drafted(table_file(tmp_path / "t.csv", columns()), tmp_path)
    head, example = text.split("# To generate rows like these as well:\n")
    (tmp_path / "own.toml").write_text(head + re.sub("^# ", "", example, flags=re.MULTILINE))
    assert len(load_own(tmp_path / "own.toml").columns.outputs) == 2


def test_arrays_are_drafted(tmp_path):
    np.savez(
        tmp_path / "t.npz",
        x=np.random.default_rng(0).normal(size=(ROWS, 4, 5)),
        flat=np.random.default_rng(1).normal(size=(ROWS, 3)),
        y=np.arange(ROWS) % 3,
        other=np.arange(7),
    )
    text, read, problem = drafted(tmp_path / "t.npz", tmp_path)
    assert '"other"' in text
    assert read["inputs"]["x"]["shape"] == [1, 4, 5]
    assert problem.columns.output("y").size == 3


def test_arrays_of_dates_do_not_hide_the_others(tmp_path):
    days = np.arange(ROWS).astype("datetime64[D]")
    days[3] = "NaT"
    took = np.arange(ROWS).astype("timedelta64[Y]")
    np.savez(
        tmp_path / "t.npz",
        x=np.random.default_rng(0).normal(size=(ROWS, 3)),
        day=days,
        took=took,
        y=took.astype(int) % 2,
    )
    text, read, _ = drafted(tmp_path / "t.npz", tmp_path)
    assert read["inputs"].keys() == {"x"}
    assert text.count("left out: most of its values are distinct") == 2


@pytest.mark.parametrize("other", [False, True], ids=["one size", "two sizes"])
def test_a_folder_of_pictures_is_drafted(other, tmp_path):
    folder = pictures(tmp_path / "animals")
    if other:
        Image.new("L", (9, 9)).save(folder / "cat" / "large.png")
    _, read, problem = drafted(folder, tmp_path)
    assert read["data"].get("size") == ([6, 4] if other else None)
    assert (problem.columns.inputs[0].shape, problem.columns.outputs[0].name) == ((1, 6, 4), "label")


def test_paths_are_relative_to_the_draft(tmp_path):
    table_file(tmp_path / "t.csv", columns())
    (tmp_path / "deep" / "er").mkdir(parents=True)
    text = draft(tmp_path / "t.csv", tmp_path / "deep" / "er")
    assert tomllib.loads(text)["data"]["table"] == "../../t.csv"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": [f"n{i}" for i in range(ROWS)], "c": [1] * ROWS}, "must have a column to learn"),
        ({"x": [1.0, 2.0, 3.0], "y": [1, 2, 3]}, "must have at least 10 rows for a draft, but has 3"),
        ({"c": [1] * ROWS, "y": [i * 0.1 for i in range(ROWS)]}, "must have a column to learn 'y' from"),
    ],
)
def test_a_table_with_nothing_to_learn_is_refused(values, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence):
        draft(table_file(tmp_path / "t.csv", values), tmp_path)


def test_the_index_that_pandas_writes_is_no_input(tmp_path):
    frame = pd.DataFrame({"a": np.arange(60) % 7 + 0.5, "kind": ["x"] * 30 + ["y"] * 30})
    frame.to_csv(tmp_path / "t.csv")
    text, read, _ = drafted(tmp_path / "t.csv", tmp_path)
    assert '""' in text
    assert "left out: it numbers the rows" in text
    assert [part["columns"] for part in read["inputs"].values()] == [["a"]]


def test_a_column_that_cannot_be_used_is_left_out_with_its_reason(tmp_path):
    frame = pd.DataFrame({"emb": [[1.0, 2.0]] * 60, "a": np.arange(60) % 7 + 0.5, "kind": ["x"] * 30 + ["y"] * 30})
    frame.to_parquet(tmp_path / "t.parquet")
    text, _, _ = drafted(tmp_path / "t.parquet", tmp_path)
    assert "left out: column 'emb' must hold numbers, but holds list" in text
    matrix = np.ones((60, 2)) * np.arange(60)[:, None]
    matrix[3, 1] = np.inf
    np.savez(tmp_path / "t.npz", x=matrix, y=np.arange(60) % 2, z=np.arange(60) / 7)
    text, _, _ = drafted(tmp_path / "t.npz", tmp_path)
    assert "but has inf" in text


def test_a_column_that_numbers_the_rows_is_no_input_whatever_its_name(tmp_path):
    """In a file that is sorted by the class it would give the class away."""
    noise = np.random.default_rng(0).normal(size=60)
    frame = pd.DataFrame({"Id": range(1, 61), "a": noise, "kind": ["x"] * 30 + ["y"] * 30})
    frame.to_csv(tmp_path / "t.csv", index=False)
    text, read, _ = drafted(tmp_path / "t.csv", tmp_path)
    assert "left out: it numbers the rows" in text
    assert [part["columns"] for part in read["inputs"].values()] == [["a"]]
    frame["Id"] = frame["Id"].sample(frac=1, random_state=0).to_numpy()
    frame.to_csv(tmp_path / "shuffled.csv", index=False)
    assert ["Id", "a"] in [
        part["columns"] for part in drafted(tmp_path / "shuffled.csv", tmp_path)[1]["inputs"].values()
    ]
