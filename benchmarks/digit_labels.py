"""Two overlaid digits with 18 labels of two values: nine for each digit.

Five labels follow from the class of a digit, and four from its stroke. The images are those of multi-mnist, with 2×2
pixels averaged.
"""

import numpy as np
from numpy.typing import NDArray

from valp.spaces.builtin.digits import STROKE, stroke_of
from valp.spaces.builtin.idx_files import Progress
from valp.spaces.builtin.mnist import mnist_images
from valp.spaces.builtin.overlaid import CANVAS, Pairs, draw_pairs, overlay
from valp.spaces.problem.problem import Problem, discrete, features

BLACK, CHUNK = 255, 2_000
PAIRS = (20_000, 5_000, 5_000)

CLASS_LABELS = {
    "even": (0, 2, 4, 6, 8),
    "large": (5, 6, 7, 8, 9),
    "prime": (2, 3, 5, 7),
    "loop": (0, 6, 8, 9),
    "straight": (1, 4, 7),
}
"""The digits for which each label is true: even, five or more, prime, with a closed loop, of straight lines."""


def digit_labels(progress: Progress | None = None) -> Problem:
    """The problem. Each output is named after its digit and its label, as `left_even`.

    A label of the stroke (ink, slant, width, height) is whether the measure is above its median over the digits of the
    training split.

    Raises:
        DataError: if the files of MNIST are damaged.
    """
    pairs = draw_pairs(mnist_images(progress).read(), PAIRS)
    seen = overlay(pairs.first, pairs.second, CANVAS)
    half = CANVAS // 2
    small = seen.reshape(-1, half, 2, half, 2).mean((2, 4)).round().astype(np.uint8)
    return Problem.from_arrays(
        "digit-labels",
        title="two overlaid digits, 18×18: nine labels of each",
        inputs={"pixels": features(small[:, None], scale=255)},
        outputs={name: discrete(values, classes=("no", "yes")) for name, values in _labels(pairs).items()},
        splits=pairs.splits,
    )


def _labels(pairs: Pairs) -> dict[str, NDArray[np.int64]]:
    strokes = {"left": _strokes(pairs.first), "right": _strokes(pairs.second)}
    train = pairs.splits[0]
    medians = np.median(np.concatenate([values[train.start : train.stop] for values in strokes.values()]), axis=0)
    found = {}
    for side, classes in (("left", pairs.first_class), ("right", pairs.second_class)):
        for label, true in CLASS_LABELS.items():
            found[f"{side}_{label}"] = np.isin(classes, true).astype(np.int64)
        for place, label in enumerate(STROKE):
            found[f"{side}_{label}"] = (strokes[side][:, place] > medians[place]).astype(np.int64)
    return found


def _strokes(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """`stroke_of` for images (n, side, side), some at a time to limit the memory used."""
    size = images.shape[1]
    chunks = np.split(images.reshape(-1, size**2), range(CHUNK, len(images), CHUNK))
    return np.concatenate([stroke_of(chunk.astype(np.float64), size, BLACK) for chunk in chunks])
