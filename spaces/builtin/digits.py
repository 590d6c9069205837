"""The problem digits: 1,797 real 8×8 images of handwritten digits. The data ships with scikit-learn."""

from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from valp.spaces.problem.prepared import prepared
from valp.spaces.problem.problem import Problem, discrete, features, numeric, samples

GREYS = 17
"""Pixels are whole numbers from 0 to 16."""


def digits(title: str = "") -> Problem:
    """From 8×8 pixels: the class, a 17-bin grey histogram, and the image to generate; 1,197 / 300 / 300 rows."""
    return prepared("digits", title, f"scikit-learn {version('scikit-learn')}", lambda: _made(title))


def grey_histogram(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of an image's pixels with each grey level: (n, 64) to (n, 17)."""
    shares: NDArray[np.float64] = (images[:, :, None] == np.arange(GREYS)).mean(1)
    return shares


def _made(title: str) -> Problem:
    from sklearn.datasets import load_digits  # slow to import
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    rest, test = train_test_split(np.arange(len(labels)), test_size=300, random_state=0, stratify=labels)
    train, validation = train_test_split(rest, test_size=300, random_state=0, stratify=labels[rest])
    return Problem.from_arrays(
        "digits",
        title=title,
        inputs={"pixels": features(images.reshape(-1, 1, 8, 8), scale=GREYS - 1)},
        outputs={
            "digit": discrete(labels, classes=[str(digit) for digit in range(10)]),
            "histogram": numeric(grey_histogram(images), scale="none"),
            "image": samples(images, scale=GREYS - 1, image=(1, 8, 8), loss="bernoulli"),
        },
        splits=(train, validation, test),
    )
