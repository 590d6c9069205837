"""Problems with missing values, and with class weights."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics import are_measured
from tests.valp.graphs import discrete as discrete_unit
from tests.valp.graphs import numeric as numeric_unit
from tests.valp.graphs import samples as samples_unit
from tests.valp.graphs import wired
from valp.compile.compile import compile
from valp.errors import DataError
from valp.graph.graph import Role
from valp.score.judge import Judge, JudgeConfig
from valp.spaces.problem.problem import Problem, discrete, labels, numeric, samples
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import fit

ROWS = 40
PARTS = {"train": range(20), "validation": range(20, 30), "test": range(30, 40)}


def values(columns=4, rows=ROWS, seed=0):
    return np.random.default_rng(seed).random((rows, columns))


def made(**parts) -> Problem:
    usual = {"inputs": {"x": numeric(np.arange(ROWS), scale="none")}, "outputs": {"c": discrete(np.arange(ROWS) % 3)}}
    return Problem.from_arrays("gaps", **{**usual, "splits": tuple(PARTS.values()), **parts})


def parts_of(problem):
    return problem.train, problem.validation, problem.test


GAPS = np.arange(ROWS) % 4 == 1
"""Rows with missing values; each split has some of these and some others."""


def with_gaps(**changes):
    """A problem in which a quarter of each output is missing; `changes` has other values of outputs."""
    y, s, tags = values(2), values(3, seed=1), (values(3, seed=2) > 0.5).astype(float)
    y[GAPS, 0] = s[GAPS, 2] = tags[GAPS, 1] = np.nan
    outputs = {
        "y": numeric(y, offset=(5, 6), scale=2),
        "c": discrete(np.where(GAPS, -1, np.arange(ROWS) % 3)),
        "l": labels(tags),
        "s": samples(s, offset=1),
    }
    return made(outputs={**outputs, **changes})


def test_missing_values_are_masked_and_their_truth_is_zero():
    problem = with_gaps()
    for split, rows in zip(parts_of(problem), (GAPS[:20], GAPS[20:30], GAPS[30:]), strict=True):
        gaps = torch.from_numpy(rows)
        assert split.present.keys() == {"y", "c", "l", "s"}
        assert all(mask.dtype is torch.bool for mask in split.present.values())
        assert torch.equal(split.present["c"], ~gaps)
        assert torch.equal(split.present["s"], ~gaps)
        assert torch.equal(split.present["y"], torch.stack([~gaps, torch.ones_like(gaps)], 1))
        assert torch.equal(split.present["l"][:, 1], ~gaps)
        assert split.present["l"][:, [0, 2]].all()
        assert all((split.truths[name][~mask] == 0).all() for name, mask in split.present.items())
        assert (split.truths["y"][:, 1] != 0).all()


def test_missing_values_of_one_split_are_masked_only_there():
    classes = np.arange(ROWS) % 3
    classes[0] = -1
    problem = made(outputs={"c": discrete(classes)})
    assert [list(split.present) for split in parts_of(problem)] == [["c"], [], []]
    assert problem.train.take(torch.arange(1, 20)).present == {}
    assert problem.train.take(torch.arange(2)).present["c"].tolist() == [False, True]
    assert problem.weights["c"].tolist() == [0] + [1] * 19
    assert made().weights == {}
    assert made().train.present == {}


def test_the_rows_that_have_an_output_are_a_split():
    train = with_gaps().train
    assert len(train.known("s")) == len(train.having("c", "s")) == len(train.having("y")) == 15
    assert train.having("c").present == {}
    assert train.having("c").inputs["x"][:, 0].tolist() == [row for row in range(20) if not GAPS[row]]
    assert train.having("x") is train


def test_a_sample_with_a_missing_value_is_missing_as_a_whole():
    """A sample with one NaN is missing as a whole; its other values have no influence."""
    rows = values(3, seed=1)
    rows[GAPS, 2] = np.nan
    other = rows.copy()
    other[GAPS, :2] = 1e6
    assert with_gaps(s=samples(rows, scale="none")).fingerprint == with_gaps(s=samples(other, scale="none")).fingerprint


@given(missing=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=12, max_size=12))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_weights_are_zero_where_a_label_is_missing_and_one_elsewhere(missing):
    mask = np.array(missing)
    mask[[0, 4, 8]] = False
    raw = np.where(mask, np.nan, values(3, rows=12))
    problem = made(
        inputs={"x": numeric(values(rows=12), scale="none")},
        outputs={
            "y": numeric(raw, scale="none"),
            "l": labels(np.where(mask, np.nan, 1)),
            "s": samples(np.nan_to_num(raw), scale="none"),
        },
        splits=(range(4), range(4, 8), range(8, 12)),
    )
    assert problem.weights.keys() == ({"y", "l"} if mask[:4].any() else set())
    for weights in problem.weights.values():
        assert weights.dtype is torch.float32
        assert weights.tolist() == (~mask[:4]).astype(float).tolist()


def test_class_weights_weight_the_rows_of_the_training_split():
    classes = np.array([0, 0, 0, 1, 1, -1, 0, 1, 0, 1])
    splits = (range(6), range(6, 8), range(8, 10))
    made_with = {
        weights: made(
            inputs={"x": numeric(values(rows=10), scale="none")},
            outputs={"c": discrete(classes, classes=["a", "b", "none"], class_weights=weights)},
            splits=splits,
        )
        for weights in (None, "balanced", (2, 0.5, 1))
    }
    balanced = 5 / (3 * 3), 5 / (3 * 2), 1.0
    assert made_with["balanced"].class_weights == {"c": pytest.approx(balanced)}
    assert made_with["balanced"].description.class_weights == made_with["balanced"].class_weights
    assert made_with["balanced"].weights["c"].tolist() == pytest.approx([balanced[0]] * 3 + [balanced[1]] * 2 + [0])
    assert made_with[2, 0.5, 1].weights["c"].tolist() == [2, 2, 2, 0.5, 0.5, 0]
    assert made_with[None].weights["c"].tolist() == [1, 1, 1, 1, 1, 0]
    assert made_with[None].class_weights == {}
    assert len({problem.fingerprint for problem in made_with.values()}) == 3


def test_balanced_weights_have_the_same_sum_for_every_class():
    classes = np.random.default_rng(0).choice(4, 200, p=[0.7, 0.1, 0.1, 0.1])
    splits = (range(100), range(100, 150), range(150, 200))
    output = discrete(classes, class_weights="balanced")
    problem = made(inputs={"x": numeric(values(rows=200), scale="none")}, outputs={"c": output}, splits=splits)
    weights, truth = problem.weights["c"], problem.train.truths["c"]
    sums = torch.zeros(4).index_add(0, truth, weights)
    torch.testing.assert_close(sums, torch.full((4,), len(truth) / 4))


@pytest.mark.parametrize("split", PARTS)
@pytest.mark.parametrize("name", ["c", "y", "l"])
def test_each_split_has_at_least_one_value_of_each_output(split, name):
    rows = np.isin(np.arange(ROWS), PARTS[split])
    output = {
        "c": discrete(np.where(rows, -1, np.arange(ROWS) % 2)),
        "y": numeric(np.where(rows[:, None], np.nan, values()), scale="none"),
        "l": labels(np.where(rows[:, None], np.nan, np.ones((ROWS, 2)))),
    }[name]
    with pytest.raises(DataError, match=f"output '{name}' must have at least one label in the {split} split"):
        made(outputs={name: output})


def test_each_split_has_at_least_two_samples():
    rows = values()
    rows[31:] = np.nan
    with pytest.raises(DataError, match="the test split must have at least two rows to compare generated 's' with"):
        made(outputs={"s": samples(rows, scale="none")})


def test_a_judge_has_rows_to_learn_from():
    classes, rows = np.arange(ROWS) % 3, values()
    classes[:10] = -1
    rows[10:20] = np.nan
    with pytest.raises(DataError, match="two rows with both 's' and 'c', because a judge learns from them, but has 0"):
        made(outputs={"c": discrete(classes), "s": samples(rows, scale="none")})


def test_missing_values_survive_a_pickle():
    problem = with_gaps()
    buffers = []
    again = pickle.loads(pickle.dumps(problem))
    pickle.dumps(problem, protocol=5, buffer_callback=buffers.append)
    assert sum(buffer.raw().nbytes for buffer in buffers) == problem.size_in_bytes
    assert again.fingerprint == problem.fingerprint
    for part, other in zip(parts_of(problem), parts_of(again), strict=True):
        assert part.present.keys() == other.present.keys()
        assert all(torch.equal(mask, other.present[name]) for name, mask in part.present.items())
    assert all(torch.equal(tensor, again.weights[name]) for name, tensor in problem.weights.items())


def module_of_all():
    """Each output by a network of its own, the samples by a VAE."""
    graph = wired(
        [
            ("number", "g", numeric_unit(2), "concatenation"),
            ("class", "delta", discrete_unit(3), "concatenation"),
            ("tags", "delta", discrete_unit(3), "concatenation"),
            ("code", "g", numeric_unit(4), "concatenation"),
            ("paint", "d", samples_unit(3), "concatenation"),
        ],
        [*(("x", name) for name in ("number", "class", "tags", "code")), ("code", "paint", Role.LATENT),
         ("number", "y"), ("class", "c"), ("tags", "l"), ("paint", "s")],
        [("y", numeric_unit(2)), ("c", discrete_unit(3)), ("l", discrete_unit(3)), ("s", samples_unit(3))],
        [("mse", "y", "y"), ("cross_entropy", "c", "c"), ("binary_cross_entropy", "l", "l"), ("gaussian", "s", "s"),
         ("kl", "code", None)],
        inputs=[("x", 1)],
    )  # fmt: skip
    return compile(graph, seed=1)


@pytest.fixture(scope="module")
def gaps():
    return with_gaps()


@pytest.fixture(scope="module")
def scorer(gaps):
    torch.manual_seed(0)
    return Scorer(gaps, {"s": Judge(JudgeConfig((3,), 3, width=8))})


def garbled(split):
    """The split with 1 in place of each 0 where something is missing."""
    truths = {}
    for name, truth in split.truths.items():
        present = split.present[name]
        truths[name] = torch.where(present if present.ndim == truth.ndim else present[:, None], truth, 1)
        assert not torch.equal(truths[name], truth)
    return replace(split, truths=truths)


def test_scores_are_over_the_values_that_are_present(gaps, scorer):
    split, module = gaps.validation, module_of_all()
    scores = scorer.score(module, split)
    assert are_measured(scores, gaps)
    predicted = module(split.inputs, "predict")
    right = predicted["c"].argmax(1) == split.truths["c"]
    assert scores["accuracy"] == pytest.approx(right[split.present["c"]].double().mean().item())
    agreed = (predicted["l"] > 0.5) == (split.truths["l"] == 1)
    assert scores["label_accuracy"] == pytest.approx(agreed[split.present["l"]].double().mean().item())
    error = (predicted["y"].double() - split.truths["y"].double()).square()
    assert scores["mse"] == pytest.approx(error[split.present["y"]].mean().item())


def test_missing_values_have_no_influence_on_scores_whatever_stands_there(gaps, scorer):
    module = module_of_all()
    assert scorer.score(module, garbled(gaps.validation)) == scorer.score(module, gaps.validation)


def test_missing_values_have_no_influence_on_training_whatever_stands_there(gaps):
    states = []
    for split in (gaps.train, garbled(gaps.train)):
        module = module_of_all()
        assert fit(module, split.inputs, split.truths, weights=gaps.weights, steps=20, batch=7).failure is None
        states.append(module.state_dict())
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


@pytest.mark.parametrize("missing", [-1, np.nan, None])
def test_a_missing_class_number_may_be_minus_one_nan_or_none(missing):
    numbers = [missing if gap else row % 3 for row, gap in enumerate(GAPS)]
    problem = made(outputs={"c": discrete(numbers)})
    whole = made(outputs={"c": discrete(np.where(GAPS, -1, np.arange(ROWS) % 3))})
    assert problem.columns.output("c").size == 3
    for one, other in zip(parts_of(problem), parts_of(whole), strict=True):
        assert torch.equal(one.truths["c"], other.truths["c"])
        assert torch.equal(one.present["c"], other.present["c"])


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"inputs": {"x": np.arange(ROWS)}}, "'x' must be made by numeric, .*, but is of type ndarray"),
        ({"outputs": {"c": [0, 1] * 20}}, "'c' must be made by numeric, .*, but is of type list"),
        ({"inputs": [numeric(np.arange(ROWS))]}, "the inputs must be a mapping by name, but are of type list"),
        ({"outputs": {"c": discrete([0, 1, np.inf, 2] * 10)}}, "'c' must hold class numbers from 0 to 2, but has inf"),
    ],
)
def test_data_in_another_form_is_refused_in_one_sentence(parts, sentence):
    with pytest.raises(DataError, match=f"^{sentence}$"):
        made(**parts)


def test_a_class_of_minus_one_is_missing_and_a_warning_says_in_how_many_rows():
    mood = np.array([-1, 0, 1, 0] * 10)
    with pytest.warns(UserWarning, match="'mood': -1 means that the class is missing, in 10 of 40 rows; if it is a cl"):
        made = Problem.from_arrays("p", inputs={"x": numeric(values())}, outputs={"mood": discrete(mood)})
    assert made.columns.output("mood").size == 2


def test_a_column_with_the_answer_is_no_input():
    table = pd.DataFrame(values(3), columns=["a", "b", "y"])
    with pytest.raises(DataError, match="column 'y' is in input 'x' and in output 'y', which gives the answer away"):
        Problem.from_arrays("p", inputs={"x": numeric(table)}, outputs={"y": numeric(table["y"])})
    other = table["y"].sample(frac=1, random_state=0).reset_index(drop=True)
    Problem.from_arrays("p", inputs={"x": numeric(table)}, outputs={"y": numeric(other)})
    Problem.from_arrays("p", inputs={"x": numeric(table)}, outputs={"y": samples(table)})
