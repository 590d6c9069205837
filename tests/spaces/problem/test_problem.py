"""Problems from arrays: columns, splits, metrics, and data that does not fit."""

import pickle
import re

import numpy as np
import pytest
import torch

from valp.errors import DataError
from valp.graph.graph import DataType, DataUnit
from valp.score import SCORES
from valp.spaces.problem.array_columns import as_array, column_of, in_order
from valp.spaces.problem.metrics import Metric
from valp.spaces.problem.problem import (
    Description,
    Problem,
    discrete,
    features,
    labels,
    numeric,
    samples,
)

ROWS = 40


def values(columns=4, rows=ROWS, seed=0):
    return np.random.default_rng(seed).random((rows, columns))


def made(name="p", **parts) -> Problem:
    usual = {"inputs": {"x": numeric(values())}, "outputs": {"c": discrete(np.arange(ROWS) % 3)}}
    return Problem.from_arrays(name, **{**usual, **parts})


@pytest.fixture
def several():
    """Two inputs; two Numeric, one Discrete and two Samples outputs."""
    return made(
        "several",
        inputs={"x": numeric(values(), offset=1, scale=2), "k": discrete(np.arange(ROWS) % 5)},
        outputs={
            "y": numeric(values(1)),
            "z": numeric(values(3)),
            "c": discrete(np.arange(ROWS) % 3, classes=["one", "two", "three"]),
            "s": samples(values(4), loss="bernoulli"),
            "t": samples(values(12), image=(3, 2, 2)),
        },
    )


def test_inputs_and_outputs_have_types_and_sizes(several):
    assert [(i.name, i.unit.type, i.unit.size) for i in several.inputs] == [("x", "numeric", 4), ("k", "discrete", 5)]
    assert [(o.name, o.unit.type, o.unit.size) for o in several.outputs] == [
        ("y", "numeric", 1), ("z", "numeric", 3), ("c", "discrete", 3), ("s", "samples", 4), ("t", "samples", 12),
    ]  # fmt: skip
    assert all(output.combiner == "addition" for output in several.outputs)
    assert several.title == several.name == "several"


def test_losses_follow_from_types_unless_named(several):
    assert several.losses == {
        "y": ("mse",), "z": ("mse",), "c": ("cross_entropy",), "s": ("bernoulli",), "t": ("gaussian",),
    }  # fmt: skip
    assert made(outputs={"l": labels(np.ones((ROWS, 2)))}).losses == {"l": ("binary_cross_entropy",)}


def test_an_output_may_have_several_losses():
    outputs = {"y": numeric(values(), loss=["huber", "mse"]), "c": discrete(np.arange(ROWS) % 3, loss="focal")}
    assert made(outputs=outputs).losses == {"y": ("huber", "mse"), "c": ("focal",)}


def test_splits_have_tensors_as_the_model_takes_them(several):
    split = several.train
    assert split.inputs["x"].shape == (28, 4)
    assert split.inputs["k"].shape == (28, 5)
    assert split.inputs["k"].sum(1).tolist() == [1.0] * 28
    assert split.truths["c"].shape == (28,)
    assert split.truths["c"].dtype is torch.int64
    assert {t.dtype for name, t in (*split.inputs.items(), *split.truths.items()) if name != "c"} == {torch.float32}
    assert split.inputs["x"].max() <= 0  # (value − 1) / 2 of values below 1


def rows_of(problem):
    """The row numbers of each split, where input x holds them."""
    return [sorted(split.inputs["x"][:, 0].long().tolist()) for split in parts_of(problem)]


def parts_of(problem):
    return problem.train, problem.validation, problem.test


NUMBERED = {"x": numeric(np.arange(ROWS), scale="none")}


@pytest.mark.parametrize(("validation", "test", "sizes"), [(0.15, 0.15, [28, 6, 6]), (0.5, 0.25, [10, 20, 10])])
def test_drawn_splits_are_disjoint_and_take_every_row(validation, test, sizes):
    rows = rows_of(made(inputs=NUMBERED, validation=validation, test=test))
    assert [len(part) for part in rows] == sizes
    assert sorted(row for part in rows for row in part) == list(range(ROWS))


def test_a_seed_draws_the_splits():
    first, again, other = (rows_of(made(inputs=NUMBERED, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("make", [list, np.array, torch.tensor])
def test_splits_may_be_given(make):
    splits = tuple(make(part) for part in ([5, 1, 2], [7], [9, 8]))
    problem = made(inputs=NUMBERED, splits=splits)
    assert rows_of(problem) == [[1, 2, 5], [7], [8, 9]]
    assert problem.train.inputs["x"][:, 0].tolist() == [5.0, 1.0, 2.0]


def test_inputs_and_truths_keep_their_rows_together():
    problem = made(inputs=NUMBERED, outputs={"y": numeric(np.arange(ROWS) * 2, scale="none")})
    for split in parts_of(problem):
        assert torch.equal(split.truths["y"], 2 * split.inputs["x"])


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"inputs": {}}, "problem 'p' must have at least one input and one output"),
        ({"outputs": {}}, "at least one input and one output"),
        ({"inputs": {"x": numeric(values(rows=39))}}, "the same number of rows: 'x' has 39, 'c' has 40"),
        ({"outputs": {"x": numeric(values())}}, "different names"),
        ({"inputs": {"my x": numeric(values())}}, "letters, digits and underscores, but got 'my x'"),
        ({"inputs": {"": numeric(values())}}, "letters, digits and underscores, but got ''"),
        ({"inputs": {"x": numeric(values(0))}}, "'x' must have at least one variable"),
        ({"inputs": {"x": numeric(5.0)}}, "'x' must have rows of numbers"),
        ({"inputs": {"x": numeric([[1, 2], [3]] * 20)}}, "'x' must hold rows of one size"),
        ({"inputs": {"x": numeric([["a"]] * ROWS)}}, "'x' must have rows of numbers, but holds <U1"),
        ({"inputs": {"x": numeric(np.full((ROWS, 2), np.nan))}}, "'x' must hold finite numbers, but row 0 does not"),
        ({"inputs": {"x": numeric(values(), scale=0)}}, "the scale of 'x' must be a positive number, but is 0"),
        ({"inputs": {"x": numeric(values(), scale=float("nan"))}}, "scale of 'x'"),
        ({"inputs": {"x": numeric(values(), scale="big")}}, "standard, minmax, quantile, none, but is 'big'"),
        ({"inputs": {"x": numeric(values(), offset=[1, 2])}}, "the offset of 'x' must be one number, or 4, but there"),
        ({"inputs": {"x": discrete([0, -1] * 20)}}, "'x' must have class numbers from 0 on, but has -1"),
        ({"inputs": {"x": features(values())}}, r"or \(n, C, T\), but 'x' is \(40, 4\)"),
        ({"outputs": {"x": features(np.ones((ROWS, 1, 4)))}, "inputs": {"y": numeric(values())}},
         "output 'x', features 1×4, must have the sides of a features input"),
        ({"outputs": {"c": discrete(np.array([["a", "b"]] * ROWS))}}, "must hold one class name a row"),
        ({"outputs": {"c": discrete([""] * ROWS)}}, "'c' must name a class to learn, but has none"),
        ({"inputs": {"x": numeric(values(), offset=1, scale="standard")}}, "a scale in numbers to have an off"),
        ({"outputs": {"c": discrete([0, -2] * 20)}}, "class numbers from 0 to 0, but has -2"),
        ({"outputs": {"c": discrete(["a", "b"] * 20, classes=["a", "c"])}}, "hold the classes a, c, but has 'b'"),
        ({"outputs": {"c": discrete([0, 1] * 20, classes=["a", "a"])}}, "'c' must have 2 different class names"),
        ({"outputs": {"l": labels(np.full((ROWS, 2), 2))}}, "the labels of 'l' must be 0 or 1, but one is 2"),
        ({"outputs": {"l": labels(np.ones((ROWS, 2)), names=["a"])}}, "'l' must have 2 different class names"),
        ({"outputs": {"l": labels(np.ones((ROWS, 2)), loss="cross_entropy")}},
         "output 'l' of labels must have one of the losses binary_cross_entropy, but has 'cross_entropy'"),
        ({"outputs": {"c": discrete([0, 1] * 20, loss="binary_cross_entropy")}}, "but has 'binary_cross_entropy'"),
        ({"outputs": {"y": numeric(values(), loss=["mse", "mse"])}}, "but has 'mse' twice"),
        ({"outputs": {"y": numeric(values(), loss=[])}}, "but has none"),
        ({"outputs": {"c": discrete([0, 1] * 20, class_weights="even")}}, "class weights of 'c' must be balanced, or"),
        ({"outputs": {"c": discrete([0, 1] * 20, class_weights=[1])}}, "class weights of 'c' must be 2 positive"),
        ({"outputs": {"c": discrete([0, 1] * 20, class_weights=[1, 0])}}, "must be 2 positive numbers"),
        ({"outputs": {"c": discrete([0, 1] * 20, class_weights=[1, np.inf])}}, "must be 2 positive numbers"),
        ({"outputs": {"y": numeric([np.inf] * ROWS)}}, "'y' must hold finite numbers, but row 0 does not"),
        ({"outputs": {"s": samples(values(), image=(2, 2))}}, r"the image of 's' must be \(C, H, W\), but is \(2, 2\)"),
        ({"outputs": {"c": discrete([0, 0.5] * 20)}}, r"but has 0\.5"),
        ({"inputs": {"x": discrete([0, np.nan] * 20)}}, "but has nan"),
        ({"outputs": {"c": discrete([0, 2] * 20, classes=["a", "b"])}}, "class numbers from 0 to 1, but has 2"),
        ({"outputs": {"c": discrete([[0], [1]] * 20)}}, r"an array of shape \(40, 1\)"),
        ({"outputs": {"c": discrete([], classes=[])}, "inputs": {"x": numeric([])}}, "must have at least one row"),
        ({"outputs": {"y": numeric(values(), loss="cross_entropy")}}, "output 'y' of type numeric must have one of"),
        ({"outputs": {"c": discrete([0, 1] * 20, loss="mse")}}, "smoothed_cross_entropy, focal, but has 'mse'"),
        ({"outputs": {"s": samples(values(), loss="other")}}, "but has 'other'"),
        ({"outputs": {"s": samples(values(), image=(1, 3, 3))}}, r"an image \(1, 3, 3\) must have the 4 values"),
        ({"outputs": {"s": samples(values() * 3, loss="bernoulli")}}, r"output 's' must lie in \[0, 1\] for a bern"),
        ({"outputs": {"s": samples(values() - 1, loss="bernoulli")}}, "but has -"),
        ({"splits": ([0, 1], [2], [])}, "the test split must have at least one row, but has none"),
        ({"splits": ([0, 1], [2], [ROWS])}, "the test split must be a list of row numbers from 0 to 39"),
        ({"splits": ([0, -1], [2], [3])}, "the train split must be a list of row numbers"),
        ({"splits": ([0], [2.5], [3])}, "the validation split must be a list of row numbers"),
        ({"splits": ([0], [2])}, "the splits of 'p' must be train, validation, test, but there are 2"),
        ({"validation": 0.001}, "the validation split must have at least one row"),
        ({"validation": 0.0}, "validation and test must be positive shares"),
        ({"validation": 0.6, "test": 0.4}, "shares with a sum below 1"),
    ],
)  # fmt: skip
def test_data_that_does_not_fit_is_refused_in_one_sentence(parts, said):
    with pytest.raises(DataError, match=said) as error:
        made(**parts)
    assert "\n" not in str(error.value)


def test_a_metric_of_one_output_is_named_by_its_code():
    problem = made(outputs={"c": discrete(np.arange(ROWS) % 3), "s": samples(values())})
    assert list(problem.metrics) == [
        "accuracy",
        "balanced_accuracy",
        "entropy_coverage",
        "entropy",
        "told_apart",
        "coverage",
        "density",
        "diversity",
        "spread",
        "conditioning",
        "copying",
        "memorising",
        "column_distance",
        "correlation_distance",
        "parameters",
        "latency",
        "inferences_per_second",
    ]
    assert all(metric.score is SCORES[name] for name, metric in problem.metrics.items())
    assert [metric.output for metric in problem.metrics.values()] == ["c", "c", *["s"] * 12, *[None] * 3]
    assert problem.objectives == ("accuracy", "entropy_coverage")
    assert problem.objectives_with("entropy") == ("accuracy", "entropy")
    assert problem.remarks == ()


def test_numbers_and_labels_have_their_metrics():
    problem = made(outputs={"y": numeric(values()), "l": labels(np.ones((ROWS, 2)))})
    assert {name: metric.output for name, metric in problem.metrics.items() if metric.output is not None} == {
        "mse": "y", "r2": "y", "label_accuracy": "l",
    }  # fmt: skip
    assert problem.objectives == ("mse", "label_accuracy")


def test_an_output_with_class_weights_is_optimised_for_balanced_accuracy():
    """A model that never predicts a rare class has a high accuracy."""
    kinds = np.arange(ROWS) % 3
    outputs = {"c": discrete(kinds, class_weights="balanced"), "d": discrete(kinds), "y": numeric(values())}
    assert made(outputs=outputs).objectives == ("balanced_accuracy.c", "accuracy.d", "mse")


def test_a_weighted_class_without_a_row_to_score_is_said():
    """Any model is as good there as one that finds it."""
    kinds = np.array(["yes", "no"])[(np.arange(ROWS) > 1).astype(int)]
    outputs = {"c": discrete(kinds, class_weights="balanced")}
    problem = made(outputs=outputs, splits=(np.arange(0, 20), np.arange(20, 30), np.arange(30, ROWS)))
    assert problem.remarks == tuple(
        f"c: the {name} split has no row of yes, so no score there says whether it is found"
        for name in ("validation", "test")
    )


def test_metrics_of_outputs_that_share_a_type_name_their_output(several):
    assert [name for name in several.metrics if name.startswith("mse")] == ["mse.y", "mse.z"]
    assert several.metrics["mse.z"] == Metric("mse.z", SCORES["mse"], "z", several.variances["z"])
    assert several.metrics["accuracy"] == Metric("accuracy", SCORES["accuracy"], "c", 1 / 3)
    assert {"entropy.s", "entropy.t", "conditioning.s"} < several.metrics.keys()
    assert several.objectives == ("mse.y", "mse.z", "accuracy", "entropy_coverage.s", "entropy_coverage.t")
    assert several.objectives_with("entropy") == ("mse.y", "mse.z", "accuracy", "entropy.s", "entropy.t")


def test_without_classes_for_a_judge_samples_are_compared_as_they_are():
    """Labels teach no judge: a row may have several, or none."""
    problem = made(outputs={"s": samples(values()), "l": labels(np.ones((ROWS, 2))), "t": samples(values())})
    assert problem.judged_by is None
    scores = ("told_apart", "coverage", "density", "spread", "copying", "memorising", "column_distance")
    scores = (*scores, "correlation_distance")
    of_outputs = [name for name, metric in problem.metrics.items() if metric.output is not None]
    assert of_outputs == [
        *(f"{code}.s" for code in scores),
        "label_accuracy",
        *(f"{code}.t" for code in scores),
    ]
    assert problem.objectives == ("told_apart.s", "label_accuracy", "told_apart.t")
    assert problem.objectives_with("entropy") == problem.objectives
    assert problem.remarks == problem.description.remarks
    assert [remark.partition(": ")[0] for remark in problem.remarks] == ["s", "t"]
    assert "no judge, because there is no Discrete output to learn it from; told_apart" in problem.remarks[0]


def test_pictures_without_classes_are_searched_for_coverage():
    problem = made(outputs={"s": samples(values(), image=(1, 2, 2))})
    assert problem.objectives == ("coverage",)
    assert not {"told_apart", "column_distance", "correlation_distance"} & set(problem.metrics)
    assert problem.remarks[0].endswith("; coverage in the samples' own space replaces class entropy")


def test_the_first_discrete_output_without_labels_teaches_the_judge(several):
    assert several.judged_by == "c"
    outputs = {"l": labels(np.ones((ROWS, 2))), "c": discrete(np.arange(ROWS) % 3), "s": samples(values())}
    assert made(outputs=outputs).judged_by == "c"


def test_images_are_the_outputs_with_an_images_shape(several):
    assert several.images == several.description.images == {"t": (3, 2, 2)}


@pytest.mark.parametrize("shape", [(1, 2, 2), (2, 3)])
def test_features_are_an_input_with_a_shape(shape):
    raw = np.random.default_rng(0).random((ROWS, *shape))
    problem = made(inputs={"x": features(raw, scale=2, fields=["pictures"])}, outputs={"s": samples(values())})
    (column,) = problem.columns.inputs
    assert problem.inputs[0].unit == column.unit == DataUnit(type=DataType.FEATURES, shape=shape)
    assert column.image == (shape if len(shape) == 3 else None)
    assert column.fields == ("pictures",)
    assert problem.train.inputs["x"].shape == (28, np.prod(shape))
    assert problem.view("s") == ("x" if np.prod(shape) == 4 else None)


def test_classes_may_be_given_by_their_names():
    names = np.array(["ant", "bee"])[np.arange(ROWS) % 2]
    named, numbered = (
        made(inputs={"k": discrete(raw, classes=["bee", "ant"])}, outputs={"c": discrete(raw, classes=["bee", "ant"])})
        for raw in (names, (np.arange(ROWS) + 1) % 2)
    )
    assert named.fingerprint == numbered.fingerprint


def test_a_scale_may_have_one_number_for_each_variable():
    for scale in ([1, 2, 3, 4], np.arange(1, 5)):
        problem = made(outputs={"y": numeric(values(), scale=scale), "c": discrete(np.arange(ROWS) % 3)})
        assert problem.columns.output("y").scale == (1.0, 2.0, 3.0, 4.0)
    assert problem.train.truths["y"][:, 3].max() <= 0.25


def test_an_input_of_the_size_of_the_samples_is_compared_with_them_unless_it_is_a_class():
    outputs = {"s": samples(values(5)), "c": discrete(np.arange(ROWS) % 3)}
    classes = discrete(np.arange(ROWS) % 5)
    assert made(inputs={"k": classes}, outputs=outputs).view("s") is None
    assert made(inputs={"k": classes, "x": numeric(values(5))}, outputs=outputs).view("s") == "x"
    assert made(inputs={"x": numeric(values(4))}, outputs=outputs).view("s") is None


def test_a_problem_comes_out_of_a_pickle_as_it_was(several):
    again = pickle.loads(pickle.dumps(several))
    assert again.description == several.description
    assert again.fingerprint == several.fingerprint
    assert again.objectives == several.objectives
    for part, other in zip(parts_of(several), parts_of(again), strict=True):
        assert all(torch.equal(tensor, other.inputs[name]) for name, tensor in part.inputs.items())
        assert all(torch.equal(tensor, other.truths[name]) for name, tensor in part.truths.items())


def test_a_pickle_shares_arrays_out_of_band(several):
    buffers = []
    pickle.dumps(several, protocol=5, buffer_callback=buffers.append)
    assert sum(buffer.raw().nbytes for buffer in buffers) == several.size_in_bytes
    assert sum(tensor.nbytes for part in parts_of(several) for tensor in part.tensors) == several.size_in_bytes


def test_the_fingerprint_is_the_same_for_the_same_data(several):
    assert made().fingerprint == made().fingerprint != several.fingerprint


@pytest.mark.parametrize(
    "parts",
    [
        {"inputs": {"x": numeric(values(seed=1))}},
        {"inputs": {"x": numeric(values(), scale=2)}},
        {"inputs": {"w": numeric(values())}},
        {"outputs": {"c": discrete((np.arange(ROWS) + 1) % 3)}},
        {"outputs": {"c": discrete(np.arange(ROWS) % 3, classes=["a", "b", "c"])}},
        {"outputs": {"c": discrete(np.where(np.arange(ROWS) == 0, -1, np.arange(ROWS) % 3))}},
        {"outputs": {"c": discrete(np.arange(ROWS) % 3, class_weights="balanced")}},
        {"outputs": {"c": discrete(np.arange(ROWS) % 3, fields=["class"])}},
        {"seed": 1},
        {"validation": 0.25},
    ],
)
def test_the_fingerprint_changes_with_data_columns_and_splits(parts):
    assert made().fingerprint != made(**parts).fingerprint


def test_the_fingerprint_changes_with_a_loss():
    losses = ("mse", "gaussian", "bernoulli", ("mse", "gaussian"), ("gaussian", "mse"))
    problems = [made(outputs={"s": samples(values(), loss=loss)}) for loss in losses]
    assert len({problem.fingerprint for problem in problems}) == 5


def test_a_description_goes_to_json_and_back_without_the_data(several):
    document = several.description.model_dump_json()
    again = Description.model_validate_json(document)
    assert again == several.description
    assert (again.inputs, again.outputs, again.objectives) == (several.inputs, several.outputs, several.objectives)
    assert list(again.metrics) == list(several.metrics)
    assert "train" not in document
    weighted = made(outputs={"c": discrete(np.arange(ROWS) % 3, class_weights=[0.1, 1 / 3, 2])}).description
    assert Description.model_validate_json(weighted.model_dump_json()) == weighted


def test_its_text_leaves_the_data_out(several):
    assert "tensor" not in repr(several)


def test_a_metric_says_which_value_is_better():
    assert SCORES["accuracy"].better(0.9, 0.8)
    assert SCORES["mse"].better(0.1, 0.2)
    assert not any(score.better(0.5, 0.5) for score in SCORES.values())


def test_a_row_is_in_one_split_only():
    with pytest.raises(DataError, match="row 20 appears more than once"):
        made(splits=(range(21), range(20, 30), range(30, 40)))


def test_a_classification_has_at_least_two_classes():
    with pytest.raises(DataError, match="output 'c' must have at least two classes"):
        made(outputs={"c": discrete(np.zeros(ROWS, int))})


def test_generated_samples_are_compared_with_at_least_two_rows():
    with pytest.raises(DataError, match="the validation split must have at least two rows"):
        made(outputs={"s": samples(values())}, splits=(range(30), [30], range(31, 40)))


def test_variances_are_those_of_the_training_split_without_missing_values():
    values = np.array([[0.0, 1.0], [2.0, np.nan], [4.0, 5.0], [100.0, 100.0], [7.0, 7.0], [7.0, 8.0]])
    problem = Problem.from_arrays(
        "p",
        inputs={"x": numeric(np.arange(6.0))},
        outputs={"y": numeric(values, scale="none"), "c": discrete(np.arange(6) % 2)},
        splits=([0, 1, 2], [3, 4], [5]),
    )
    assert problem.variances == {"y": pytest.approx((np.var([0, 2, 4]) + np.var([1, 5])) / 2)}


def test_each_metric_has_a_value_without_learning(several):
    chance = {name: metric.chance for name, metric in several.metrics.items()}
    assert chance["accuracy"] == chance["conditioning.s"] == pytest.approx(1 / 3)
    assert chance["mse.y"] == several.variances["y"] > 0
    assert chance["r2.y"] == chance["entropy.s"] == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.where(np.arange(20) < 9, 1, -1), "has -1, which is none, and one other; if these are their names"),
        (2019 + np.arange(20) % 5, "but only 5 of 0 to 2023 have a row; if these are their names"),
        (np.array([10_000_000, 1, 0]), "but only 3 of 0 to 10000000 have a row"),
    ],
)
def test_numbers_that_are_names_of_classes_are_no_class_numbers(values, said):
    with pytest.raises(DataError, match=re.escape(said)):
        column_of("y", as_array("y", discrete(values)))


def test_some_class_numbers_may_have_no_row():
    for found, size in (([0, 5, -1], 6), (range(0, 80, 2), 79), ([True, False], 2)):
        assert made(outputs={"c": discrete(np.resize(found, ROWS))}).columns.output("c").size == size


def test_class_names_have_the_same_order_in_each_session():
    names = ["2", "NAN", "10", "1", "inf"]
    assert {in_order(names[i:] + names[:i]) for i in range(5)} == {("1", "10", "2", "NAN", "inf")}
    assert in_order(["10", "2"]) == ("2", "10")
