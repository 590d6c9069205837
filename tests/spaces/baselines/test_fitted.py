"""Baselines without a graph, on data with known answers."""

import numpy as np
import pytest
import torch

from valp.score.prediction_scores import balanced_accuracy
from valp.spaces.baselines import fitted
from valp.spaces.baselines.fitted import linear, no_learning, trees
from valp.spaces.problem.answers import side_by_side
from valp.spaces.problem.problem import Problem, discrete, features, labels, numeric, samples

ROWS = 400


@pytest.fixture(scope="module")
def problem():
    random = np.random.default_rng(0)
    x, k = random.normal(size=(ROWS, 3)), np.arange(ROWS) % 4
    y = np.stack([2 * x[:, 0] - x[:, 1] + k, x[:, 2]], 1)
    y[:7, 1] = np.nan
    points = random.normal(size=(ROWS, 2)) @ [[2.0, 1.5], [0.0, 0.5]] + [5, -5]
    return Problem.from_arrays(
        "known",
        inputs={"x": numeric(x), "k": discrete(k)},
        outputs={
            "y": numeric(y),
            "square": numeric(x[:, :1].clip(-2, 2) ** 2),
            "c": discrete(np.where(x[:, 0] > 0, 1, 0)),
            "l": labels(np.stack([x[:, 1] > 0, np.ones(ROWS, bool)], 1)),
            "s": samples(points, scale="none"),
        },
    )


def r2(answers, split):
    truth = split.truths[answers.output]
    error = (answers.predict(side_by_side(split)) - truth).square().mean(0)
    return float((1 - error / truth.var(0)).mean())


def accuracy(answers, split):
    return float((answers.predict(side_by_side(split)).argmax(1) == split.truths[answers.output]).float().mean())


def test_no_learning_is_the_mean_or_the_share_of_each_class(problem):
    train = problem.train
    shares = no_learning(problem, "c").predict(side_by_side(train))
    assert shares.shape == (len(train), 2)
    np.testing.assert_allclose(shares[0], torch.bincount(train.truths["c"]) / len(train), rtol=1e-6)
    known = train.having("y")
    mean = no_learning(problem, "y").predict(side_by_side(train))[3]
    np.testing.assert_allclose(mean, known.truths["y"].mean(0), rtol=1e-4, atol=1e-6)
    assert no_learning(problem, "s") is None


def test_a_linear_model_finds_what_is_linear_and_trees_find_more(problem):
    held = problem.validation.having("y")
    assert r2(linear(problem, "y"), held) > 0.99
    assert r2(linear(problem, "square"), problem.validation) < 0.2
    assert r2(trees(problem, "square"), problem.validation) > 0.8
    assert accuracy(linear(problem, "c"), problem.validation) > 0.9
    assert accuracy(trees(problem, "c"), problem.validation) > 0.9


@pytest.mark.parametrize("fit", [linear, trees])
def test_class_weights_weigh_the_rows_of_a_rare_class(fit, problem):
    """Without them a baseline would be a straw man for balanced accuracy, and with them one for accuracy."""
    random = np.random.default_rng(0)
    rare = random.random(4000) < 0.05
    x = random.normal(size=(4000, 2)) + 1.3 * rare[:, None]
    outputs = {"c": discrete(rare.astype(int), class_weights="balanced")}
    rows = Problem.from_arrays("rare", inputs={"x": numeric(x)}, outputs=outputs)
    held, plain, weighted = rows.validation, fit(rows, "c"), fit(rows, "c", weighted=True)
    truth, (first, second) = held.truths["c"], (one.predict(side_by_side(held)) for one in (plain, weighted))
    assert balanced_accuracy(second, truth) > balanced_accuracy(first, truth) + 0.1
    assert accuracy(weighted, held) < accuracy(plain, held)
    assert fit(problem, "c", weighted=True) is None


@pytest.mark.parametrize("fit", [no_learning, linear, trees])
def test_labels_have_a_probability_each_and_constant_labels_are_known(fit, problem):
    made = fit(problem, "l").predict(side_by_side(problem.validation))
    assert made.shape == (len(problem.validation), 2)
    assert bool(((made >= 0) & (made <= 1)).all())
    np.testing.assert_allclose(made[:, 1], 1)
    if fit is not no_learning:
        assert float(((made[:, 0] > 0.5) == problem.validation.truths["l"][:, 0].bool()).float().mean()) > 0.9


def test_a_gaussian_has_the_mean_and_covariance_of_the_rows(problem):
    answers, real = linear(problem, "s"), problem.train.truths["s"]
    drawn = answers.draw(20_000, 1)
    np.testing.assert_allclose(drawn.mean(0), real.mean(0), atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(real.T), atol=0.15)
    assert torch.equal(answers.draw(5, 1), answers.draw(5, 1))
    assert not torch.equal(answers.draw(5, 1), answers.draw(5, 2))


def test_classes_without_a_training_row_have_probability_zero():
    k = np.array([0, 2] * 30 + [1] * 30)
    splits = (range(60), range(60, 75), range(75, 90))
    x = np.random.default_rng(0).normal(size=(90, 2))
    problem = Problem.from_arrays("gap", inputs={"x": numeric(x)}, outputs={"k": discrete(k)}, splits=splits)
    for fit in (no_learning, linear, trees):
        made = fit(problem, "k").predict(side_by_side(problem.validation))
        assert made.shape == (15, 3)
        assert float(made[:, 1].max()) == 0


def test_of_much_data_a_linear_model_takes_a_part_and_trees_are_left_out(problem, monkeypatch):
    monkeypatch.setattr(fitted, "LINEAR_VALUES", 700)
    monkeypatch.setattr(fitted, "TREES_VALUES", 700)
    assert linear(problem, "c").rows == 100
    assert linear(problem, "c").parameters == 8
    assert trees(problem, "c") is None


def test_features_are_flattened():
    pictures = np.random.default_rng(0).random((80, 1, 3, 3))
    problem = Problem.from_arrays("pictures", inputs={"x": features(pictures)}, outputs={"y": features(1 - pictures)})
    assert r2(linear(problem, "y"), problem.validation) > 0.9
