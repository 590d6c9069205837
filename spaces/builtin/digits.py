"""The problem digits: 1,797 real 8×8 images of handwritten digits. The data ships with scikit-learn."""

from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from valp.spaces.problem.arrays import ArrayData
from valp.spaces.problem.prepared import prepared
from valp.spaces.problem.problem import Problem, discrete, features, numeric, samples

GREYS = 17
"""Pixels are whole numbers from 0 to 16."""

SIDE = 8
"""The width and height of an image in pixels."""

STROKE = ("ink", "slant", "width", "height")
"""The variables of the output `stroke`; see `stroke_of`."""


def digits(title: str = "") -> Problem:
    """From 8×8 pixels: the class, four measures of the stroke, and the image to generate; 1,197 / 300 / 300 rows.

    The stroke can be learned: on the validation split, ridge regression on the pixels has R² 1.00 (ink), 0.96 (slant),
    0.92 (width) and 0.96 (height), and an MLP with one hidden layer of 100 units 0.97 to 0.98 for each (scikit-learn
    1.9, 2026-11-29).
    """
    return prepared("digits", title, _source(), lambda: _made(title, "stroke", _stroke))


def digits_of_version_0_1() -> Problem:
    """The problem digits as in version 0.1, for runs and models of then: a grey histogram instead of the stroke."""
    title = "8×8 handwritten digits, as in version 0.1: class, grey histogram, image"
    return prepared("digits-0.1", title, _source(), lambda: _made(title, "histogram", _histogram))


def stroke_of(images: NDArray[np.float64], side: int = SIDE, black: float = GREYS - 1) -> NDArray[np.float64]:
    """Four measures of an image's stroke, from the moments of its ink: (n, side²) grey levels to (n, 4).

    In this order:

    - ink: the mean grey level, from 0 (white) to 1 (black).
    - slant: how far the stroke leans to the right, in pixels per pixel of height: −cov(x, y) / var(y).
    - width: the standard deviation of the ink's horizontal position, in pixels.
    - height: the standard deviation of the ink's vertical position, in pixels.

    No image may be white.

    Args:
        images: the grey levels, from 0 (white).
        side: the width and height of an image.
        black: the grey level of black.
    """
    grey = images.reshape(-1, side, side) / black
    total = grey.sum((1, 2))
    down, right = np.mgrid[:side, :side]

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        weighted: NDArray[np.float64] = (grey * values).sum((1, 2)) / total
        return weighted

    x = right - mean(right)[:, None, None]
    y = down - mean(down)[:, None, None]
    return np.stack([grey.mean((1, 2)), -mean(x * y) / mean(y**2), np.sqrt(mean(x**2)), np.sqrt(mean(y**2))], axis=1)


def grey_histogram(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of an image's pixels with each grey level: (n, 64) to (n, 17)."""
    shares: NDArray[np.float64] = (images[:, :, None] == np.arange(GREYS)).mean(1)
    return shares


def _stroke(images: NDArray[np.float64]) -> ArrayData:
    return numeric(stroke_of(images), fields=STROKE)


def _histogram(images: NDArray[np.float64]) -> ArrayData:
    return numeric(grey_histogram(images), scale="none")


def _source() -> str:
    return f"scikit-learn {version('scikit-learn')}"


def _made(title: str, name: str, regression: Callable[[NDArray[np.float64]], ArrayData]) -> Problem:
    from sklearn.datasets import load_digits  # slow to import
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    rest, test = train_test_split(np.arange(len(labels)), test_size=300, random_state=0, stratify=labels)
    train, validation = train_test_split(rest, test_size=300, random_state=0, stratify=labels[rest])
    return Problem.from_arrays(
        "digits",
        title=title,
        inputs={"pixels": features(images.reshape(-1, 1, SIDE, SIDE), scale=GREYS - 1)},
        outputs={
            "digit": discrete(labels, classes=[str(digit) for digit in range(10)]),
            name: regression(images),
            "image": samples(images, scale=GREYS - 1, image=(1, SIDE, SIDE), loss="bernoulli"),
        },
        splits=(train, validation, test),
    )
