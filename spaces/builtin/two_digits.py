"""two-digits: one of two overlaid digits is classified, the other one reconstructed; 003, section 5.3."""

import numpy as np
import torch
from numpy.typing import NDArray

from valp.spaces.builtin.idx_files import Progress
from valp.spaces.builtin.mnist import mnist_images
from valp.spaces.builtin.overlaid import DIGITS, Pairs, draw_pairs, overlay
from valp.spaces.problem.prepared import prepared
from valp.spaces.problem.problem import Problem, discrete, features, numeric

CANVAS = 32
"""The height and width on which two digits are overlaid; the result is shrunk to the size of one."""

PAIRS = (50_000, 10_000, 10_000)
CHUNK = 5_000
"""Images that are shrunk at once, which bounds the memory that takes."""


def two_digits(title: str = "", progress: Progress | None = None) -> Problem:
    """`digit`, the class of the upper left digit, and `other`, the 784 pixels of the lower right one, by MSE.

    From the whole of MNIST 50,000 / 10,000 / 10,000 rows, from the 5,000 embedded digits 40,000 / 5,000 / 5,000.

    Raises:
        DataError: if MNIST was to be downloaded and cannot be, or its files are damaged.
    """
    found = mnist_images(progress)
    return prepared("two-digits", title, found.source, lambda: _made(title, draw_pairs(found.read(), PAIRS)))


def shrink(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Images (n, height, width) as (n, size, size), by antialiased bilinear interpolation."""
    shrunk = np.empty((len(images), size, size), dtype=np.uint8)
    for start in range(0, len(images), CHUNK):
        chunk = torch.from_numpy(images[start : start + CHUNK])[:, None].float()
        resized = torch.nn.functional.interpolate(chunk, (size, size), mode="bilinear", antialias=True)
        shrunk[start : start + CHUNK] = resized[:, 0].round().byte().numpy()
    return shrunk


def _made(title: str, pairs: Pairs) -> Problem:
    size = pairs.first.shape[1]
    return Problem.from_arrays(
        "two-digits",
        title=title,
        inputs={"pixels": features(shrink(overlay(pairs.first, pairs.second, CANVAS), size)[:, None], scale=255)},
        outputs={
            "digit": discrete(pairs.first_class, classes=DIGITS),
            "other": numeric(pairs.second.reshape(len(pairs.second), -1), scale=255, loss="mse"),
        },
        splits=pairs.splits,
    )
