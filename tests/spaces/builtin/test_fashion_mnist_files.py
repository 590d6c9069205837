"""Where the Fashion-MNIST files are looked for, and the errors if they are missing or not the original ones."""

import gzip
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from torchvision.datasets import FashionMNIST

from valp.errors import DataError
from valp.spaces.builtin import fashion_mnist_files
from valp.spaces.builtin.fashion_mnist_files import DEBIAN_FOLDER, MD5, RAW, fashion_mnist_arrays

REASON = "needs the Fashion-MNIST files: install the Debian package dataset-fashion-mnist, or set VALP_DATA"
NAMED = os.environ.get("VALP_DATA")
ABSENT = Path("/nonexistent/fashion-mnist")


@pytest.fixture(scope="module")
def files() -> Path:
    roots = [DEBIAN_FOLDER] if NAMED is None else [Path(NAMED), Path(NAMED, "fashion-mnist"), Path(NAMED, RAW)]
    for folder in roots:
        if all((folder / f"{name}.gz").is_file() for name in MD5):
            return folder
    pytest.skip(REASON)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty user cache, no VALP_DATA, no package and no network."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("valp.spaces.problem.cache_folder.user_cache_dir", lambda name: str(folder / name))
    monkeypatch.setattr(fashion_mnist_files, "DEBIAN_FOLDER", ABSENT)
    monkeypatch.delenv("VALP_DATA", raising=False)
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "127.0.0.1")
    monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])  # the discard port: nothing answers
    return folder / "valp"


def copied(files: Path, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in MD5:
        (folder / f"{name}.gz").symlink_to(files / f"{name}.gz")
    return folder


def as_published(packed: Path, name: str) -> bytes:
    """A .gz file with the header of the one its authors published, whose MD5 checksum torchvision checks."""
    content = (packed / f"{name}.gz").read_bytes()
    if content[3] & 8:  # it has its name
        return content
    made = {"train": 0x59A7E9DE, "t10k": 0x59A7E9F3}[name.split("-")[0]]
    return content[:3] + b"\x08" + made.to_bytes(4, "little") + content[8:10] + name.encode() + b"\0" + content[10:]


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(folder)))
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{running.server_port}/"
    running.shutdown()
    running.server_close()


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in (cache / RAW).iterdir() if path.name not in MD5]


@pytest.mark.parametrize("inside", ["", "fashion-mnist", "FashionMNIST/raw"])
def test_the_folder_named_by_the_environment_is_used(files, tmp_path, monkeypatch, cache, inside):
    copied(files, tmp_path / "data" / inside)
    monkeypatch.setenv("VALP_DATA", str(tmp_path / "data"))
    data = fashion_mnist_arrays()
    assert data.train_images.shape == (60_000, 28, 28)
    assert data.test_images.shape == (10_000, 28, 28)
    assert data.train_images.dtype == data.test_images.dtype == "uint8"
    assert (data.train_images.min(), data.train_images.max()) == (0, 255)
    assert data.train_labels[:5].tolist() == [9, 0, 0, 3, 0]
    assert data.test_labels[:5].tolist() == [9, 2, 1, 1, 6]
    assert [(data.train_labels == label).sum() for label in range(10)] == [6000] * 10
    assert leftovers(cache) == []


def test_the_package_is_found_and_the_cache_is_enough_the_next_time(files, monkeypatch, cache):
    monkeypatch.setattr(fashion_mnist_files, "DEBIAN_FOLDER", files)
    first = fashion_mnist_arrays()
    monkeypatch.setattr(fashion_mnist_files, "DEBIAN_FOLDER", ABSENT)
    assert (fashion_mnist_arrays().test_images == first.test_images).all()


def test_a_truncated_file_in_the_cache_is_replaced(files, monkeypatch, cache):
    monkeypatch.setattr(fashion_mnist_files, "DEBIAN_FOLDER", files)
    fashion_mnist_arrays()
    (cache / RAW / "t10k-labels-idx1-ubyte").write_bytes(b"\0" * 100)
    assert len(fashion_mnist_arrays().test_labels) == 10_000


def test_a_cache_that_cannot_be_written_is_not_used(files, monkeypatch, cache):
    monkeypatch.setattr(fashion_mnist_files, "DEBIAN_FOLDER", files)
    cache.parent.parent.mkdir(exist_ok=True)
    cache.parent.write_text("a file where the folder should be")
    assert len(fashion_mnist_arrays().test_labels) == 10_000


@pytest.mark.parametrize("how", ["other content", "cut", "no gzip"])
def test_a_file_that_is_not_the_original_is_refused(files, tmp_path, monkeypatch, cache, how):
    folder = copied(files, tmp_path / "data")
    path = folder / "t10k-labels-idx1-ubyte.gz"
    original = path.read_bytes()
    path.unlink()
    if how == "other content":
        path.write_bytes(gzip.compress(gzip.decompress(original)[:-1] + b"\x01"))
    else:
        path.write_bytes(original[:3000] if how == "cut" else b"not at all")
    monkeypatch.setenv("VALP_DATA", str(folder))
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte.gz must .* dataset-fashion-mnist") as raised:
        fashion_mnist_arrays()
    assert "\n" not in str(raised.value)
    assert not cache.exists()


def test_a_named_folder_without_the_files_is_refused_even_if_another_place_has_them(files, tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist_files, "DEBIAN_FOLDER", files)
    copied(files, tmp_path / "data")
    (tmp_path / "data" / "train-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setenv("VALP_DATA", str(tmp_path / "data"))
    with pytest.raises(DataError, match=r"VALP_DATA must name a folder with .*train-labels-idx1-ubyte.gz"):
        fashion_mnist_arrays()


def test_missing_files_are_downloaded_once(files, server, monkeypatch, cache, capsys):
    folder, address = server
    for name in MD5:
        (folder / f"{name}.gz").write_bytes(as_published(files, name))
    monkeypatch.setattr(FashionMNIST, "mirrors", [address])
    lines: list[str] = []
    assert len(fashion_mnist_arrays(lines.append).test_labels) == 10_000
    monkeypatch.setattr(FashionMNIST, "mirrors", [])
    assert len(fashion_mnist_arrays(lines.append).test_labels) == 10_000
    assert lines == ["Fashion-MNIST: downloading 30 MB"]
    assert leftovers(cache) == []
    assert capsys.readouterr().err == ""


def test_a_download_of_something_else_is_refused(server, monkeypatch, cache):
    folder, address = server
    for name in MD5:
        (folder / f"{name}.gz").write_bytes(b"<html>Please log in to this network</html>")
    monkeypatch.setattr(FashionMNIST, "mirrors", [address])
    with pytest.raises(DataError, match=r"download failed .*: install the Debian package dataset-fashion-mnist"):
        fashion_mnist_arrays()
    assert not cache.exists()


def test_missing_data_is_an_error_that_says_what_to_do(cache):
    lines: list[str] = []
    with pytest.raises(
        DataError, match=r"download failed .*: install the Debian package dataset-fashion-mnist"
    ) as raised:
        fashion_mnist_arrays(lines.append)
    assert str(cache) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert lines == ["Fashion-MNIST: downloading 30 MB"]
    assert not cache.exists()
