"""The built-in problems: what they hold."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from valp.compile.compile import compile
from valp.errors import DataError
from valp.spaces.baselines.single_task import single_task
from valp.spaces.builtin import fashion_mnist as clothing
from valp.spaces.builtin.digits import STROKE, digits, digits_of_version_0_1, grey_histogram, stroke_of
from valp.spaces.builtin.mnist import FILES
from valp.spaces.builtin.problems import PROBLEMS
from valp.spaces.own.load_problem import load_problem
from valp.train.fit import fit

SIZES = {
    "digits": (1197, 300, 300),
    "fashion-mnist": (55_000, 5_000, 10_000),
    "logic": (4, 4, 4),
    "multi-fashion": (60_000, 5_000, 10_000),
    "multi-mnist": (40_000, 5_000, 5_000),
    "sine": (4_200, 900, 900),
    "two-digits": (40_000, 5_000, 5_000),
}
INTERFACES = {
    "digits": ("features 1×8×8", "discrete 10, numeric 4, samples 64"),
    "fashion-mnist": ("features 1×28×28", "discrete 10, numeric 32, samples 784"),
    "logic": ("numeric 2", "numeric 1, numeric 1"),
    "multi-fashion": ("features 1×36×36", "discrete 10, discrete 10"),
    "multi-mnist": ("features 1×36×36", "discrete 10, discrete 10"),
    "sine": ("features 1×32", "numeric 1, discrete 4, samples 32"),
    "two-digits": ("features 1×28×28", "discrete 10, numeric 784"),
}
PICTURES = ("digits", "fashion-mnist")
"""Those that learn a class, numbers and an image from an image."""

MEGABYTES = 500


@pytest.fixture(scope="module", autouse=True)
def embedded_digits(tmp_path_factory):
    """No folder or cache of the user changes what is loaded, except for the files of Fashion-MNIST."""
    no_folder = tmp_path_factory.mktemp("cache") / "a file"
    no_folder.touch()
    with pytest.MonkeyPatch.context() as patch:
        for module in ("builtin.mnist", "problem.prepared"):
            patch.setattr(f"valp.spaces.{module}.cache_folder", lambda: no_folder)
        patch.setattr("valp.spaces.builtin.mnist.FILES", replace(FILES, places=()))
        patch.delenv("VALP_DOWNLOAD", raising=False)
        yield


@cache
def loaded(name):
    try:
        return load_problem(name)
    except DataError:
        if "fashion" not in name:
            raise
        pytest.skip("needs the Fashion-MNIST files: install the Debian package dataset-fashion-mnist, or set VALP_DATA")


@pytest.fixture(scope="module", params=PROBLEMS)
def problem(request):
    return loaded(request.param)


@pytest.fixture(scope="module", params=PICTURES)
def picture(request):
    return loaded(request.param)


def parts_of(problem):
    return problem.train, problem.validation, problem.test


def splits_of(problem):
    return dict(zip(("train", "validation"), parts_of(problem), strict=False))


def described(components):
    return ", ".join(f"{c.unit.type} {'×'.join(map(str, c.unit.shape))}" for c in components)


def test_the_problems_are_the_ones_described_here():
    assert PROBLEMS.keys() == SIZES.keys() == INTERFACES.keys()


def test_a_problem_takes_moderate_memory(problem):
    assert problem.size_in_bytes < MEGABYTES * 1e6


def test_name_and_title_are_those_of_the_table(problem):
    assert problem.title == PROBLEMS[problem.name].title


def test_splits_have_their_sizes(problem):
    assert tuple(len(split) for split in parts_of(problem)) == SIZES[problem.name]


def test_inputs_and_outputs_have_their_types_and_shapes(problem):
    assert (described(problem.inputs), described(problem.outputs)) == INTERFACES[problem.name]


def test_nothing_is_missing_and_values_are_of_order_1(problem):
    for split in parts_of(problem):
        assert not split.present
        for tensor in (*split.inputs.values(), *split.truths.values()):
            assert tensor.isfinite().all()
            assert tensor.abs().max() < 10


def test_no_input_is_in_two_splits_unless_there_are_only_four(problem):
    rows = [{row.tobytes() for row in next(iter(split.inputs.values())).numpy()} for split in parts_of(problem)]
    shared = (rows[0] & rows[1]) | (rows[0] & rows[2]) | (rows[1] & rows[2])
    assert len(shared) == (4 if problem.name == "logic" else 0)


def test_every_split_has_every_class_about_equally_often(problem):
    for column in problem.columns.outputs:
        for split in parts_of(problem) if column.classes else ():
            shares = torch.bincount(split.truths[column.name], minlength=column.size) / len(split)
            assert shares.min() > 0.75 / column.size
            assert shares.max() < 1.25 / column.size


def test_the_baselines_of_a_problem_learn(problem):
    for name in (output.name for output in problem.outputs):
        module = compile(single_task(problem, name), seed=0)
        split = problem.train
        made = fit(module, split.inputs, {name: split.truths[name]}, steps=30, batch=20, learning_rate=1e-3)
        assert made.failure is None
        few = split.take(torch.arange(4))
        assert module(few.inputs, "predict")[name].shape == (4, problem.columns.output(name).size)


def test_loading_again_gives_the_same_data(problem):
    assert load_problem(problem.name).fingerprint == problem.fingerprint


def test_a_picture_has_class_numbers_and_image_as_objectives(picture):
    assert picture.objectives == ("accuracy", "mse", "entropy_coverage")
    assert picture.view("image") == "pixels"


def test_pixels_lie_between_0_and_1_and_are_the_image_too(picture):
    for split in parts_of(picture):
        assert (split.inputs["pixels"].min(), split.inputs["pixels"].max()) == (0, 1)
        assert torch.equal(split.inputs["pixels"], split.truths["image"])


@pytest.mark.parametrize("load", [lambda: loaded("fashion-mnist"), digits_of_version_0_1])
def test_each_histogram_sums_to_1(load):
    for split in parts_of(load()):
        sums = split.truths["histogram"].sum(1)
        torch.testing.assert_close(sums, torch.ones_like(sums))
        assert split.truths["histogram"].min() >= 0


def test_classes_have_names_and_images_the_shape_of_the_input(picture):
    teacher = picture.columns.output(picture.judged_by)
    assert len(set(teacher.classes)) == 10
    (pixels,) = picture.columns.inputs
    assert picture.columns.output("image").image == pixels.image == pixels.shape


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("digit", r"must be one of digits, .*, or a .toml file, but got 'digit'; did you mean 'digits'\?"),
        ("fashion_mnist", r"did you mean 'fashion-mnist'\?"),
        ("xyz", "must be one of digits, .*, or a .toml file, but got 'xyz'$"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name, said):
    with pytest.raises(DataError, match=said):
        load_problem(name)


def test_a_toml_file_is_looked_for_as_a_file(tmp_path):
    with pytest.raises(DataError, match=r"absent\.toml"):
        load_problem(str(tmp_path / "absent.toml"))


def bar(lean=0, wide=1, rows=range(1, 7)):
    """An image of a vertical bar, whose top lies `lean` pixels to the right of its foot."""
    image = np.zeros((8, 8))
    for row in rows:
        left = 3 + round(lean * (rows[-1] - row) / (len(rows) - 1))
        image[row, left : left + wide] = 16
    return image.reshape(1, 64)


def stroke(image):
    return dict(zip(STROKE, stroke_of(image)[0].tolist(), strict=True))


def test_the_ink_of_a_stroke_is_the_mean_grey():
    assert stroke(bar())["ink"] == pytest.approx(6 / 64)
    assert stroke(bar() / 2)["ink"] == pytest.approx(3 / 64)


def test_width_and_height_of_a_stroke_are_standard_deviations_in_pixels():
    assert (stroke(bar())["width"], stroke(bar())["height"]) == pytest.approx((0, np.std(range(6))))
    assert stroke(bar(wide=3, rows=range(3)))["width"] == pytest.approx(np.std(range(3)))
    assert stroke(bar() / 4)["height"] == pytest.approx(stroke(bar())["height"])  # of any grey


@pytest.mark.parametrize("lean", [-3, 0, 3])
def test_the_slant_of_a_stroke_is_its_lean_to_the_right_by_height(lean):
    assert stroke(bar(lean))["slant"] == pytest.approx(lean / 5, abs=0.06)
    assert stroke(bar(lean, wide=2))["slant"] == pytest.approx(stroke(bar(lean))["slant"])


def test_a_stroke_can_be_learned_and_the_old_histogram_cannot():
    """A demo's first regression must be worth showing: the share of the variance that ridge regression explains."""

    def explained(problem, output):
        pixels = {name: split.inputs["pixels"].flatten(1).numpy() for name, split in splits_of(problem).items()}
        truths = {name: split.truths[output].numpy() for name, split in splits_of(problem).items()}
        model = Ridge(alpha=1.0).fit(pixels["train"], truths["train"])
        wrong = (model.predict(pixels["validation"]) - truths["validation"]) ** 2
        return 1 - wrong.sum(0) / ((truths["validation"] - truths["validation"].mean(0)) ** 2).sum(0)

    assert explained(digits(), "stroke").min() > 0.9
    assert np.median(explained(digits_of_version_0_1(), "histogram")) < 0.35


def test_an_earlier_version_of_a_problem_is_loaded_for_its_columns():
    now, then = load_problem("digits"), digits_of_version_0_1()
    assert then.name == now.name
    for problem in (now, then):
        assert load_problem("digits", columns=problem.columns).fingerprint == problem.fingerprint
    assert load_problem("digits", columns=load_problem("logic").columns).fingerprint == now.fingerprint


def test_a_histogram_of_version_0_1_is_the_share_of_each_grey():
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
