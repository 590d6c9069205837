"""Files of traces."""

import json

import numpy as np
import pytest

from tests.valp.trace.traced import recorded
from valp.errors import FileError, SettingError
from valp.trace import trace_file
from valp.trace.trace_file import ARRAYS, load_trace, save_trace


@pytest.fixture(scope="module")
def trace():
    return recorded("central", steps=3)[0]


def test_a_trace_is_read_as_it_was_written(trace, tmp_path):
    read = load_trace(save_trace(trace, tmp_path / "some.npz"))
    for name, value in vars(trace).items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(getattr(read, name), value, equal_nan=True), name
        else:
            assert getattr(read, name) == value, name
    assert read.balance == "central"
    assert read.about == {"problem": "figure 2"}


def test_numpy_reads_the_file_without_this_library(trace, tmp_path):
    with np.load(save_trace(trace, tmp_path / "some.npz"), allow_pickle=False) as held:
        assert held["norms"].shape == (3, len(trace.groups), len(trace.losses))
        assert json.loads(str(held["header"]))["losses"] == list(trace.losses)


def test_another_suffix_is_refused(trace, tmp_path):
    with pytest.raises(SettingError, match=r"^the suffix of a trace must be \.npz, but the file is 'some\.csv'$"):
        save_trace(trace, tmp_path / "some.csv")


def test_what_is_no_trace_is_refused_in_one_sentence(trace, tmp_path):
    good = save_trace(trace, tmp_path / "good.npz")
    arrays = dict(np.load(good))
    header = json.loads(str(arrays["header"]))
    bad = {
        "missing": None,
        "empty": b"",
        "text": b"no archive",
        "cut": good.read_bytes()[:900],
        "without header": {name: arrays[name] for name in ARRAYS},
        "other schema": {**arrays, "header": np.array(json.dumps({**header, "schema_version": 2}))},
        "another shape": {**arrays, "norms": arrays["norms"][:2]},
        "text in numbers": {**arrays, "values": arrays["values"].astype(str)},
        "no step": {name: value if name == "header" else value[:0] for name, value in arrays.items()},
        "unknown loss": {
            **arrays, "header": np.array(json.dumps({**header, "groups": [{"networks": ["n0"], "losses": [9]}]})),
            **{n: arrays[n][:, :1] for n, letters in ARRAYS.items() if letters[1:2] == "G"},
        },
    }  # fmt: skip
    for name, content in bad.items():
        path = tmp_path / f"{name}.npz"
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            np.savez(path, **content)
        with pytest.raises(FileError) as found:
            load_trace(path)
        assert "\n" not in str(found.value)
        assert str(path) in str(found.value)


def test_a_trace_that_decompresses_to_more_than_memory_holds_is_refused_before_that(trace, tmp_path, monkeypatch):
    path = save_trace(trace, tmp_path / "some.npz")
    monkeypatch.setattr(trace_file, "most_to_read", lambda: 1000)
    with pytest.raises(FileError, match=r"when it is decompressed, more than 1 kB$"):
        load_trace(path)
