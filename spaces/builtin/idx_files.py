"""Finds, unpacks and downloads MNIST and data sets in the same format.

Such a data set has 60,000 training and 10,000 test images of 28×28 grey levels in 10 classes, as four gzip files in
the IDX format.
"""

import gzip
import hashlib
import io
import socket
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from valp.errors import DataError, FileError, require_packages
from valp.files import write_bytes

Progress = Callable[[str], None]

TIMEOUT = 10.0
"""Seconds to wait for a server's answer."""


@dataclass(frozen=True)
class ImageArrays:
    """Images (uint8, grey levels 0 … 255) and labels (int64, 0 … 9) of the official training and test sets."""

    train_images: NDArray[np.uint8]  # [n, 28, 28]
    train_labels: NDArray[np.int64]  # [n]
    test_images: NDArray[np.uint8]  # [m, 28, 28]
    test_labels: NDArray[np.int64]  # [m]


@dataclass(frozen=True)
class Found:
    """Images that have been found but not read yet.

    Attributes:
        source: identifies the images, independent of where they are stored.
        count: the number of images.
        read: reads the images. Raises `DataError` if they are damaged or cannot be downloaded.
    """

    source: str
    count: int
    read: Callable[[], ImageArrays]


@dataclass(frozen=True)
class IdxFiles:
    """A data set in four IDX files.

    Attributes:
        title: the name in messages.
        dataset: the class in torchvision.datasets, also the name of its folder.
        md5: the checksum of each unpacked file: training images and labels, test images and labels.
        places: sub-folders of the user's folder that may hold the four .gz files.
        megabytes: the size of a download.
        count: the number of training and test images together.
        advice: what a user can do if the files are missing or damaged.
    """

    title: str
    dataset: str
    md5: dict[str, str]
    places: tuple[str, ...]
    megabytes: int
    advice: str
    count: int = 70_000

    def found(self, read: Callable[[], ImageArrays]) -> Found:
        """The images as found. Their source is the checksums, because files with other content are rejected."""
        return Found(f"{self.dataset} {' '.join(self.md5.values())}", self.count, read)

    @property
    def raw(self) -> Path:
        """The folder of the files below a root, in torchvision's layout."""
        return Path(self.dataset, "raw")

    def packed_in(self, folder: Path) -> Path | None:
        """The folder, at or below this one, that has all four .gz files; None if there is none."""
        for place in self.places:
            if all((folder / place / f"{name}.gz").is_file() for name in self.md5):
                return folder / place
        return None

    def unpacked_in(self, root: Path) -> bool:
        """Whether the four unpacked files exist undamaged below a root."""
        try:
            return all(_md5((root / self.raw / name).read_bytes()) == expected for name, expected in self.md5.items())
        except OSError:
            return False

    def load(self, root: Path) -> ImageArrays:
        """Reads the images from the unpacked files below a root."""
        return self._arrays({name: (root / self.raw / name).read_bytes() for name in self.md5})

    def unpack(self, packed: Path, cache: Path) -> ImageArrays:
        """Reads the images from the four .gz files of a folder, and keeps the unpacked files in the cache.

        Raises:
            DataError: if a file is not the original.
        """
        contents = {name: self._verified(packed / f"{name}.gz", expected) for name, expected in self.md5.items()}
        with suppress(FileError):  # without a writable cache, every start just takes longer
            for name, content in contents.items():
                write_bytes(cache / self.raw / name, content)
        return self._arrays(contents)

    def download(self, cache: Path, progress: Progress | None, absent: str) -> ImageArrays:
        """Downloads the images into the cache by torchvision. `absent` says where the files were searched for.

        Raises:
            MissingPackageError: if torchvision is not installed.
            DataError: if they cannot be downloaded.
        """
        require_packages(f"the download of {self.title}", "data", "torchvision")
        from torchvision import datasets  # slow to import

        if progress is not None:
            progress(f"{self.title}: downloading {self.megabytes} MB")
        quiet = nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO())
        with tempfile.TemporaryDirectory(prefix="valp-") as scratch:
            try:
                with quiet, _socket_timeout():  # torchvision draws bars even off a terminal, and sets no timeout
                    getattr(datasets, self.dataset)(scratch, download=True)
            except (RuntimeError, OSError) as error:
                reason = " ".join(str(error).split())
                raise DataError(
                    f"{self.title} is {absent}, and its download failed ({reason}): {self.advice}."
                ) from error
            return self.unpack(Path(scratch, self.raw), cache)

    def _verified(self, path: Path, expected: str) -> bytes:
        """The unpacked content of a .gz file. Raises `DataError` if it is not the original."""
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path} must be a whole gzip file, but is not ({error}): {self.advice}.") from error
        if _md5(content) != expected:
            found = _md5(content)
            raise DataError(f"{path} must unpack to the MD5 checksum {expected}, but has {found}: {self.advice}.")
        return content

    def _arrays(self, contents: dict[str, bytes]) -> ImageArrays:
        """The arrays in the four files. The files have the order of `md5`."""
        train_images, train_labels, test_images, test_labels = (_array(contents[name]) for name in self.md5)
        return ImageArrays(train_images, train_labels.astype(np.int64), test_images, test_labels.astype(np.int64))


def _array(content: bytes) -> NDArray[np.uint8]:
    """The array in an IDX file.

    The header is two zero bytes, 8 for unsigned bytes, the number of dimensions, and the size of each.
    """
    (dimensions,) = struct.unpack_from(">3xB", content)
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@contextmanager
def _socket_timeout() -> Iterator[None]:
    """Gives up on a server that does not answer within `TIMEOUT`."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
