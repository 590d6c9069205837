"""The problem fashion-mnist of Garciarena et al., V: class, 32-bin grey histogram, and the image to generate."""

import numpy as np
from numpy.typing import NDArray

from valp.spaces.builtin.fashion_mnist_files import fashion_mnist_images
from valp.spaces.builtin.idx_files import ImageArrays, Progress
from valp.spaces.problem.prepared import prepared
from valp.spaces.problem.problem import Problem, discrete, features, numeric, samples

CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
BINS = 32
TRAIN_ROWS = 55_000
"""The first 55,000 of the 60,000 training images. The rest is the validation split. Judges learn from the same rows."""


def fashion_mnist(title: str = "", progress: Progress | None = None) -> Problem:
    """28×28 grey images of clothing; 55,000 / 5,000 / 10,000 rows.

    Raises:
        DataError: if the files cannot be found or downloaded, or are damaged.
    """
    found = fashion_mnist_images(progress)
    return prepared("fashion-mnist", title, found.source, lambda: _made(title, found.read()))


def grey_histogram(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The share of an image's pixels in each of 32 equal bins: (n, 784) to (n, 32).

    The bins span each image's own range of values, as in the original code of Garciarena et al.
    """
    low = images.min(1, keepdims=True).astype(np.float32)
    width = np.maximum(images.max(1, keepdims=True) - low, 1)
    bins = np.minimum(((images - low) * (BINS / width)).astype(np.int64), BINS - 1)
    flat = bins + BINS * np.arange(len(images))[:, None]
    counts = np.bincount(flat.ravel(), minlength=BINS * len(images)).reshape(-1, BINS)
    shares: NDArray[np.float32] = (counts / images.shape[1]).astype(np.float32)
    return shares


def _made(title: str, arrays: ImageArrays) -> Problem:
    images = np.concatenate([arrays.train_images, arrays.test_images]).reshape(-1, 784)
    labels = np.concatenate([arrays.train_labels, arrays.test_labels])
    official = len(arrays.train_images)
    return Problem.from_arrays(
        "fashion-mnist",
        title=title,
        inputs={"pixels": features(images.reshape(-1, 1, 28, 28), scale=255)},
        outputs={
            "garment": discrete(labels, classes=CLASSES),
            "histogram": numeric(grey_histogram(images), scale="none"),
            "image": samples(images, scale=255, image=(1, 28, 28), loss="bernoulli"),
        },
        splits=(range(TRAIN_ROWS), range(TRAIN_ROWS, official), range(official, len(images))),
    )
