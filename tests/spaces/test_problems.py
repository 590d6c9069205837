"""The built-in problems: what they hold."""

import numpy as np
import pytest
import torch

from spaces import fashion_mnist as clothing
from spaces.digits import grey_histogram
from spaces.problems import PROBLEMS, load_problem
from valp.errors import DataError

SIZES = {"digits": (1197, 300, 300), "fashion-mnist": (55_000, 5_000, 10_000)}
PIXELS = {"digits": 64, "fashion-mnist": 784}
BINS = {"digits": 17, "fashion-mnist": 32}


@pytest.fixture(scope="module", params=PROBLEMS)
def problem(request):
    try:
        return load_problem(request.param)
    except DataError as error:
        pytest.skip(f"needs the files of {request.param}: {error}")


def parts_of(problem):
    return problem.train, problem.validation, problem.test


def test_the_problems_are_the_ones_described_here():
    assert PROBLEMS.keys() == SIZES.keys()


def test_splits_have_their_sizes(problem):
    assert tuple(len(split) for split in parts_of(problem)) == SIZES[problem.name]


def test_it_goes_from_pixels_to_class_histogram_and_image(problem):
    pixels, bins = PIXELS[problem.name], BINS[problem.name]
    assert [(i.unit.type, i.unit.size) for i in problem.inputs] == [("numeric", pixels)]
    assert [(o.unit.type, o.unit.size) for o in problem.outputs] == [
        ("discrete", 10), ("numeric", bins), ("samples", pixels),
    ]  # fmt: skip
    assert problem.objectives == ("accuracy", "mse", "entropy")
    assert problem.view("image") == "pixels"


def test_pixels_lie_between_0_and_1_and_are_the_image_too(problem):
    for split in parts_of(problem):
        assert (split.inputs["pixels"].min(), split.inputs["pixels"].max()) == (0, 1)
        assert torch.equal(split.inputs["pixels"], split.truths["image"])


def test_each_histogram_sums_to_1(problem):
    for split in parts_of(problem):
        sums = split.truths["histogram"].sum(1)
        torch.testing.assert_close(sums, torch.ones_like(sums))
        assert split.truths["histogram"].min() >= 0


def test_every_split_has_every_class(problem):
    for split in parts_of(problem):
        shares = torch.bincount(split.truths[problem.judged_by], minlength=10) / len(split)
        assert shares.min() > 0.08
        assert shares.max() < 0.12


def test_no_image_is_in_two_splits(problem):
    rows = [{row.tobytes() for row in split.inputs["pixels"].numpy()} for split in parts_of(problem)]
    assert not rows[0] & rows[1]
    assert not rows[0] & rows[2]
    assert not rows[1] & rows[2]


def test_classes_have_names_and_images_a_shape(problem):
    teacher = problem.columns.output(problem.judged_by)
    assert len(set(teacher.classes)) == 10
    channels, height, width = problem.columns.output("image").image
    assert (channels, height * width) == (1, PIXELS[problem.name])


def test_loading_twice_gives_the_same_digits():
    assert load_problem("digits").fingerprint == load_problem("digits").fingerprint


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("digit", r"must be one of digits, fashion-mnist, but got 'digit'; did you mean 'digits'\?"),
        ("fashion_mnist", r"did you mean 'fashion-mnist'\?"),
        ("xyz", "must be one of digits, fashion-mnist, but got 'xyz'$"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name, said):
    with pytest.raises(DataError, match=said):
        load_problem(name)


def test_a_digits_histogram_is_the_share_of_each_grey():
    images = np.zeros((2, 64))
    images[1, :16] = 16
    histogram = grey_histogram(images)
    assert histogram[0].tolist() == [1.0] + [0.0] * 16
    assert histogram[1].tolist() == [0.75] + [0.0] * 15 + [0.25]


@pytest.mark.parametrize(("low", "high"), [(0, 255), (100, 131), (7, 7)])
def test_a_clothing_histogram_is_over_the_images_own_range(low, high):
    """As numpy bins a range; a single grey is in the first bin."""
    images = np.random.default_rng(0).integers(low, high + 1, (5, 784)).astype(np.uint8)
    images[:, 0], images[:, 1] = low, high
    expected = [np.histogram(row, clothing.BINS, (low, high if high > low else low + 1))[0] / 784 for row in images]
    np.testing.assert_allclose(clothing.grey_histogram(images), expected, atol=1e-7)
