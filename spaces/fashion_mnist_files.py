"""Where the Fashion-MNIST images are found: a folder of the user's, the cache, Debian's package, or a download.

60,000 training and 10,000 test images of 28×28 grey levels in 10 classes: Xiao, Rasul and Vollgraf 2017,
arXiv:1708.07747.
"""

import gzip
import hashlib
import io
import os
import sys
import tempfile
import zlib
from collections.abc import Callable
from contextlib import nullcontext, redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from valp.errors import DataError, FileError
from valp.files import write_bytes

Progress = Callable[[str], None]

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
RAW = Path("FashionMNIST", "raw")
# Of the unpacked files: Debian's .gz differ from the published ones in their headers, which it makes reproducible, and
# with the published headers put back they have the published checksums.
MD5 = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}
ADVICE = (
    "install the Debian package dataset-fashion-mnist, or set VALP_DATA to a folder with the four original .gz files"
)


@dataclass(frozen=True)
class FashionMNISTArrays:
    """The official images (uint8, grey levels 0 … 255) and labels (int64, 0 … 9), in their official order."""

    train_images: NDArray[np.uint8]  # [60000, 28, 28]
    train_labels: NDArray[np.int64]  # [60000]
    test_images: NDArray[np.uint8]  # [10000, 28, 28]
    test_labels: NDArray[np.int64]  # [10000]


def fashion_mnist_arrays(progress: Progress | None = None) -> FashionMNISTArrays:
    """Fashion-MNIST from the first place that has it; `progress` is told of a download.

    In this order: the folder that the environment variable VALP_DATA names (the four .gz files directly in it, in
    `fashion-mnist` or in `FashionMNIST/raw`), the user's cache, Debian's package folder, a download into the cache.
    Raises `DataError` when VALP_DATA is set without holding the files, when a file is not the original, or when
    nothing has the files and they cannot be downloaded.
    """
    cache = Path(user_cache_dir("valp"))
    named = os.environ.get("VALP_DATA")
    if named:
        packed = _packed_folder(Path(named))
        if packed is None:
            raise DataError(
                f"VALP_DATA must name a folder with {', '.join(f'{name}.gz' for name in MD5)}, directly or in "
                f"fashion-mnist or {RAW}, but {named} has not all of them: correct it, or unset it to look elsewhere."
            )
    elif _is_unpacked(cache):
        return _load(cache)
    else:
        packed = _packed_folder(cache) or _packed_folder(DEBIAN_FOLDER)
    with tempfile.TemporaryDirectory(prefix="valp-") as scratch:
        if packed is None:
            packed = _download(Path(scratch, "download"), cache, progress)
        contents = _verified(packed)
        root = cache
        try:
            _write(contents, cache)
        except FileError:
            # A cache that cannot be written costs time at every start, and nothing else.
            root = Path(scratch)
            _write(contents, root)
        return _load(root)


def _packed_folder(folder: Path) -> Path | None:
    for place in (folder, folder / "fashion-mnist", folder / RAW):
        if all(os.path.isfile(place / f"{name}.gz") for name in MD5):
            return place
    return None


def _is_unpacked(root: Path) -> bool:
    try:
        return all(_md5((root / RAW / name).read_bytes()) == expected for name, expected in MD5.items())
    except OSError:
        return False


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _verified(packed: Path) -> dict[str, bytes]:
    """The unpacked content of each .gz file in a folder, by its name; raises `DataError` if it is not the original."""
    contents = {}
    for name, expected in MD5.items():
        path = packed / f"{name}.gz"
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path} must be a whole gzip file, but is not ({error}): {ADVICE}.") from error
        if _md5(content) != expected:
            found = _md5(content)
            raise DataError(f"{path} must unpack to the MD5 checksum {expected}, but has {found}: {ADVICE}.")
        contents[name] = content
    return contents


def _write(contents: dict[str, bytes], root: Path) -> None:
    """Write unpacked files in torchvision's layout under `root`; each appears whole or not at all."""
    for name, content in contents.items():
        write_bytes(root / RAW / name, content)


def _download(root: Path, cache: Path, progress: Progress | None) -> Path:
    """The folder of the four .gz files, downloaded and verified by torchvision; raises `DataError`."""
    from torchvision.datasets import FashionMNIST  # slow to import

    if progress is not None:
        progress("Fashion-MNIST: downloading 30 MB")
    quiet = nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO())
    try:
        with quiet:  # torchvision draws bars where nobody watches
            FashionMNIST(str(root), download=True)
    except (RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        places = f"not in VALP_DATA (unset), {cache} and {DEBIAN_FOLDER}"
        raise DataError(f"Fashion-MNIST is {places}, and its download failed ({reason}): {ADVICE}.") from error
    return root / RAW


def _load(root: Path) -> FashionMNISTArrays:
    from torchvision.datasets import FashionMNIST  # slow to import

    train, test = FashionMNIST(str(root), train=True), FashionMNIST(str(root), train=False)
    return FashionMNISTArrays(
        train_images=train.data.numpy(),
        train_labels=train.targets.numpy(),
        test_images=test.data.numpy(),
        test_labels=test.targets.numpy(),
    )
