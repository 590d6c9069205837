"""Tables that commands write: no spreadsheet runs their text, and they are read back with the same rows."""

import csv

import numpy as np
import pytest

from valp.search.cli.write_rows import write_arrays, write_table
from valp.spaces.own.read_tables import read_table
from valp.spaces.own.toml_schema import TomlData

TEXTS = ["=1+2", "-a", "@x", "+cmd", "'=1", "'-3", "-3", "plain", "\tx", "a,b", 'say "=1"', None]
COLUMNS = {
    "=name": np.array(TEXTS, dtype=object),
    "class": np.array([f"-{i}" if i else "@" for i in range(12)]),
    "number": np.linspace(-2, 2, 12).astype(np.float32),
    "count": np.arange(-6, 6),
    "yes": np.array([True, False] * 6),
}


@pytest.fixture
def file(tmp_path):
    write_table(tmp_path / "t.csv", COLUMNS)
    return tmp_path / "t.csv"


def test_text_that_looks_like_a_formula_begins_with_an_apostrophe(file):
    with file.open(newline="") as rows:
        header, *cells = csv.reader(rows)
    assert header == ["'=name", "class", "number", "count", "yes"]
    assert [row[0] for row in cells[:6]] == ["'=1+2", "'-a", "'@x", "'+cmd", "''=1", "''-3"]
    assert [row[1] for row in cells[:2]] == ["'@", "-1"]


def test_numbers_stay_numbers(file):
    with file.open(newline="") as rows:
        cells = list(csv.reader(rows))[1:]
    assert [np.float32(row[2]) for row in cells] == COLUMNS["number"].tolist()
    assert [int(row[3]) for row in cells] == COLUMNS["count"].tolist()
    assert [row[4] for row in cells[:2]] == ["True", "False"]


def test_the_table_is_read_back_with_the_same_rows(file):
    table = read_table(file, TomlData(table=file.name))
    assert table.names == [*COLUMNS]
    assert table.columns["=name"].to_pylist() == [text or "" for text in TEXTS]
    assert table.columns["class"].to_pylist() == COLUMNS["class"].tolist()
    assert [np.float32(cell) for cell in table.columns["number"].to_pylist()] == COLUMNS["number"].tolist()


def test_a_parquet_file_has_the_text_unchanged(tmp_path):
    write_table(tmp_path / "t.parquet", COLUMNS)
    table = read_table(tmp_path / "t.parquet", TomlData(table="t.parquet"))
    assert table.columns["=name"].to_pylist() == TEXTS


def test_arrays_may_have_any_name(tmp_path):
    arrays = {"file": np.array(["a.png", None], object), "allow_pickle": np.arange(3.0), "y.classes": np.array(["b"])}
    write_arrays(tmp_path / "t.npz", arrays)
    with np.load(tmp_path / "t.npz") as read:
        assert {name: read[name].tolist() for name in read.files} == {
            "file": ["a.png", ""], "allow_pickle": [0.0, 1.0, 2.0], "y.classes": ["b"],
        }  # fmt: skip
