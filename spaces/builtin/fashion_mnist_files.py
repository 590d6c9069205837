"""Finds the Fashion-MNIST images: in the user's folder, the cache, Debian's package, or by a download.

Fashion-MNIST has 60,000 training and 10,000 test images of 28×28 grey levels in 10 classes (Xiao, Rasul and Vollgraf
2017, arXiv:1708.07747).
"""

import os
from functools import partial
from pathlib import Path

from valp.errors import DataError
from valp.spaces.builtin.idx_files import Found, IdxFiles, ImageArrays, Progress
from valp.spaces.problem.cache_folder import cache_folder

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
# The checksums are those of the unpacked files. Debian's .gz files have other, reproducible headers than the published
# ones, but the same content.
MD5 = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}
FILES = IdxFiles(
    title="Fashion-MNIST",
    dataset="FashionMNIST",
    md5=MD5,
    places=("", "fashion-mnist", "FashionMNIST/raw"),
    megabytes=30,
    advice="install the Debian package dataset-fashion-mnist, or set VALP_DATA to a folder with the four original .gz "
    "files",
)
RAW = FILES.raw


def fashion_mnist_images(progress: Progress | None = None) -> Found:
    """Finds Fashion-MNIST in the first place that has it. `progress` is called before a download.

    The places, in order: the folder in the environment variable VALP_DATA (the four .gz files directly in it, in
    `fashion-mnist` or in `FashionMNIST/raw`), the user's cache, Debian's package folder, a download into the cache.
    Reading the images raises `DataError` if a file is not the original, or no place has the files and the download
    fails.

    Raises:
        DataError: if VALP_DATA is set, but its folder does not have all four files.
    """
    named = os.environ.get("VALP_DATA")
    packed = FILES.packed_in(Path(named)) if named else None
    if named and packed is None:
        raise DataError(
            f"VALP_DATA must name a folder with {', '.join(f'{name}.gz' for name in MD5)}, directly or in "
            f"fashion-mnist or {RAW}, but {named} does not have all of them: correct it, or unset it to look elsewhere."
        )
    return FILES.found(partial(_read, packed, progress))


def fashion_mnist_arrays(progress: Progress | None = None) -> ImageArrays:
    """Finds Fashion-MNIST like `fashion_mnist_images`, and reads it."""
    return fashion_mnist_images(progress).read()


def _read(packed: Path | None, progress: Progress | None) -> ImageArrays:
    cache = cache_folder()
    if packed is None:
        if FILES.unpacked_in(cache):
            return FILES.load(cache)
        packed = FILES.packed_in(cache) or FILES.packed_in(DEBIAN_FOLDER)
    if packed is None:
        return FILES.download(cache, progress, f"not in VALP_DATA (unset), {cache} and {DEBIAN_FOLDER}")
    return FILES.unpack(packed, cache)
