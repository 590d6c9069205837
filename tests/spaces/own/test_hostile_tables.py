"""Tables that declare far more than memory holds, or have too many columns: refused before they are read."""

import csv
import io
import os
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from valp.errors import DataError
from valp.plan import byte_size
from valp.plan.byte_size import most_to_read
from valp.spaces.own.csv_table import require_unique
from valp.spaces.own.read_columns import matching
from valp.spaces.own.read_tables import read_table
from valp.spaces.own.readable_size import MOST_COLUMNS
from valp.spaces.own.toml_draft import draft
from valp.spaces.own.toml_schema import TomlData


def refused(path):
    with pytest.raises(DataError) as error:
        read_table(path, TomlData(table=path.name))
    message = str(error.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.fixture
def little_memory(monkeypatch):
    """A machine with 2 MB of memory, half of which a table may fill."""
    monkeypatch.setattr(byte_size, "machine_memory", lambda: 2 * 10**6)


def test_a_table_may_fill_half_of_the_memory():
    assert 10**8 < most_to_read() < 10**14


@pytest.mark.usefixtures("little_memory")
def test_an_npz_file_that_decompresses_to_too_much_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "t.npz", x=np.zeros(2 * 10**5))
    assert (tmp_path / "t.npz").stat().st_size < 10**4
    assert "but has 1.6 MB when it is decompressed" in refused(tmp_path / "t.npz")


def test_an_array_whose_header_declares_more_than_the_file_has_is_refused(tmp_path):
    array = io.BytesIO()
    np.save(array, np.zeros(4))
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("x.npy", array.getvalue().replace(b"(4,), ", b"(4000000000000,), ")[: len(array.getvalue())])
    assert "must be an NPZ file of plain arrays" in refused(tmp_path / "t.npz")


def test_a_file_in_an_npz_file_that_is_no_array_is_refused(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.zeros(4))
    with zipfile.ZipFile(tmp_path / "t.npz", "a") as archive:
        archive.writestr("kind", "red,green,blue")
    assert refused(tmp_path / "t.npz").endswith("must be an NPZ file of plain arrays, but is not: kind is not an array")


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "column",
    [
        pa.array(np.zeros(2 * 10**5)),
        pa.array(["x" * 1000] * 2000),
        pa.array([b"x" * 1000] * 2000),
        pa.array([[0.0] * 200] * 1000),
        pa.array(["x" * 1000] * 2000).dictionary_encode(),
    ],
    ids=["numbers", "texts", "bytes", "lists", "categories"],
)
def test_a_parquet_file_that_decompresses_to_too_much_is_refused(tmp_path, column):
    pyarrow.parquet.write_table(pa.table({"x": column}), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < 10**4
    assert "when it is decompressed" in refused(tmp_path / "t.parquet")


def test_texts_of_a_parquet_file_are_read_as_they_were(tmp_path):
    columns = {
        "a": ["x", None, "y", "x"],
        "b": ["1", "2", "3", "4"],
        "c": [b"p", b"q", None, b"p"],
        "n": [1.5, 2, 3, 4],
    }
    table = pa.table({**columns, "d": pa.array(["u", "v", "u", None]).dictionary_encode(), "s": [{"p": "q"}] * 4})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet", TomlData(table="t.parquet"))
    assert read.names == ["a", "b", "c", "n", "d", "s"]
    assert read.texts("a").tolist() == columns["a"]
    assert read.texts("d").tolist() == ["u", "v", "u", None]
    assert read.numbers("b").tolist() == [1, 2, 3, 4]
    assert read.numbers("n").tolist() == columns["n"]
    with pytest.raises(DataError, match="column 's' must hold numbers"):
        read.numbers("s")


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_a_table_of_too_many_columns_is_refused(tmp_path, suffix):
    names = [f"c{i}" for i in range(MOST_COLUMNS + 1)]
    path = tmp_path / f"t{suffix}"
    if suffix == ".csv":
        with path.open("w") as file:
            csv.writer(file).writerows([names, range(len(names))])
    elif suffix == ".parquet":
        pyarrow.parquet.write_table(pa.table({name: [1] for name in names}), path)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(f"{name}.npy", b"")
    assert f"must have at most 20,000 columns, but has {len(names):,}" in refused(path)


def test_many_columns_are_compared_in_linear_time(tmp_path):
    names = [f"column-{i}" for i in range(200_000)]
    require_unique(tmp_path, names)
    assert matching("x", names, names) == tuple(names)
    with pytest.raises(DataError, match="column 'column-7' appears more than once"):
        require_unique(tmp_path, [*names, "column-7"])


def test_a_named_pipe_is_not_drafted(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(DataError, match="must be a file, but is a named pipe"):
        draft(tmp_path / "t.csv")
