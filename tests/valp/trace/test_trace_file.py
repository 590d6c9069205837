"""Files of traces."""

import io
import json
import zipfile

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
    header, whole = json.loads(str(arrays["header"])), io.BytesIO()
    np.save(whole, arrays["norms"])
    ends_early = whole.getvalue().replace(b"}", b" ", 1)
    bad = {
        "missing": None,
        "empty": b"",
        "text": b"no archive",
        "cut": good.read_bytes()[:900],
        "without header": {name: arrays[name] for name in ARRAYS},
        "other schema": {**arrays, "header": np.array(json.dumps({**header, "schema_version": 2}))},
        "another shape": {**arrays, "norms": arrays["norms"][:2]},
        "a text among the arrays": {name: value for name, value in arrays.items() if name != "norms"},
        "a header that ends early": {name: value for name, value in arrays.items() if name != "norms"},
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
        for member, text in {"norms": "no array", "norms.npy": ends_early}.items():
            if name == ("a text among the arrays" if member == "norms" else "a header that ends early"):
                with zipfile.ZipFile(path, "a") as archive:
                    archive.writestr(member, text)
        with pytest.raises(FileError) as found:
            load_trace(path)
        assert "\n" not in str(found.value)
        assert str(path) in str(found.value)


def test_a_trace_that_decompresses_to_more_than_memory_holds_is_refused_before_that(trace, tmp_path, monkeypatch):
    path = save_trace(trace, tmp_path / "some.npz")
    monkeypatch.setattr(trace_file, "most_to_read", lambda: 1000)
    with pytest.raises(FileError, match=r"when it is decompressed, more than 1 kB$"):
        load_trace(path)
