"""Which judge a problem gets."""

import numpy as np
import pytest
import torch

from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem, discrete, numeric, samples
from valp.spaces.problem.problem import labels as yes_or_no

ROWS = 90


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty user cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def problem_of(**outputs) -> Problem:
    return Problem.from_arrays("tiny-judging", inputs={"x": numeric(np.zeros((ROWS, 2)))}, outputs=outputs)


@pytest.fixture(scope="module")
def labels():
    return np.arange(ROWS) % 3


@pytest.fixture(scope="module")
def rows(labels):
    return np.eye(3)[labels].repeat(3, axis=1) + np.random.default_rng(0).normal(0, 0.1, (ROWS, 9))


def test_a_judge_labels_the_samples_of_its_problem(labels, rows, cache):
    problem = problem_of(c=discrete(labels), s=samples(rows, scale="none"))
    judge = judges_of(problem)["s"]
    assert (judge.config.shape, judge.config.classes) == ((9,), 3)
    assert judge.accuracy(problem.validation.truths["s"], problem.validation.truths["c"]) > 0.95
    assert len(list(cache.rglob("tiny-judging-*.safetensors"))) == 1


def test_a_judge_is_trained_once_and_reports_it(labels, rows):
    problem, lines = problem_of(c=discrete(labels), s=samples(rows, scale="none")), []
    first = judges_of(problem, lines.append)["s"]
    said = len(lines)
    second = judges_of(problem, lines.append)["s"]
    assert said == len(lines) > 0
    assert all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


def test_a_judge_learns_from_the_training_split_alone(labels, rows):
    """Labels of the other splits may be nonsense."""
    problems = [
        Problem.from_arrays(name, inputs={"x": numeric(rows, scale="none")},
                            outputs={"c": discrete(c), "s": samples(rows, scale="none")},
                            splits=(range(60), range(60, 75), range(75, 90)))
        for name, c in (("right", labels), ("wrong", np.where(np.arange(ROWS) < 60, labels, 0)))
    ]  # fmt: skip
    judges = [judges_of(problem)["s"] for problem in problems]
    assert all(torch.equal(v, judges[1].state_dict()[name]) for name, v in judges[0].state_dict().items())


def test_a_judge_learns_from_rows_with_both_a_class_and_a_sample(labels, rows):
    """What else a row has does not matter, nor where the rows without a class or a sample stand."""
    classes, holed = labels.copy(), rows.copy()
    classes[::5], holed[1::5, 3] = -1, np.nan
    kept = np.array([row for row in range(60) if row % 5 > 1])
    whole, without = (
        Problem.from_arrays(name, inputs={"x": numeric(rows, scale="none")},
                            outputs={"c": discrete(c), "s": samples(s, scale="none")},
                            splits=(train, range(62, 75), range(75, 90)))
        for name, c, s, train in (("gaps", classes, holed, range(60)), ("whole", labels, rows, kept))
    )  # fmt: skip
    judges = [judges_of(problem)["s"] for problem in (whole, without)]
    assert all(torch.equal(v, judges[1].state_dict()[name]) for name, v in judges[0].state_dict().items())


def test_labels_train_no_judge(labels, rows):
    assert judges_of(problem_of(l=yes_or_no(rows > 0.5), s=samples(rows, scale="none"))) == {}


def test_pictures_are_judged_in_their_shape(labels):
    pictures = np.kron(np.eye(3)[labels], np.ones((1, 64)))[:, :64] + np.random.default_rng(0).random((ROWS, 64))
    problem = problem_of(c=discrete(labels), s=samples(pictures, image=(1, 8, 8)))
    assert judges_of(problem)["s"].config.shape == (1, 8, 8)


def test_a_problem_without_samples_has_no_judge(labels, rows):
    assert judges_of(problem_of(c=discrete(labels), y=numeric(rows, scale="none"))) == {}


def test_a_problem_without_a_known_class_has_no_judge(rows):
    assert judges_of(problem_of(s=samples(rows, scale="none"))) == {}
