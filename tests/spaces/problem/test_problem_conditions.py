"""By what samples of a problem may be asked for, and how class-conditioned samplers are scored."""

import numpy as np
import pytest
import torch

from tests.spaces.problem.test_scoring import CLASSES, SIZE, graph_of
from tests.valp.graphs import discrete as discrete_unit
from valp.compile.compile import compile
from valp.errors import DataError
from valp.graph.graph import Connection, Role
from valp.score.judge import train_judge
from valp.spaces.builtin.logic import logic
from valp.spaces.problem.description import Description
from valp.spaces.problem.problem import Problem, discrete, labels, numeric, samples
from valp.spaces.problem.sampling import ScoringError, conditioning_rows, few_rows, generate
from valp.spaces.problem.scoring import Scorer

ROWS = 300
RANDOM = np.random.default_rng(0)
CLASS, NUMBERS = np.arange(ROWS) % 3, RANDOM.random((ROWS, 2))


def made(*, inputs=None, outputs=None, **settings):
    return Problem.from_arrays(
        "made",
        inputs={"x": numeric(NUMBERS), "k": discrete(CLASS), "tags": labels(NUMBERS > 0.5), **(inputs or {})},
        outputs={
            "l": labels(NUMBERS > 0.5),
            "c": discrete(CLASS),
            "d": discrete(CLASS % 2),
            "s": samples(NUMBERS),
            **(outputs or {}),
        },
        **settings,
    )


def test_samples_may_be_asked_for_by_classes_by_default():
    problem = made()
    assert problem.conditions == ("k", "c")
    assert problem.conditions[-1] == problem.judged_by
    assert problem.description.conditions == problem.conditions
    assert "samples by k, c" in problem._repr_html_()


def test_a_problem_without_classes_or_without_samples_has_no_conditions(digits_problem):
    plain = Problem.from_arrays("p", inputs={"x": numeric(NUMBERS)}, outputs={"s": samples(NUMBERS)})
    silent = Problem.from_arrays("p", inputs={"x": numeric(NUMBERS)}, outputs={"c": discrete(CLASS)})
    assert plain.conditions == silent.conditions == logic().conditions == ()
    assert digits_problem.conditions == ("digit",)


@pytest.mark.parametrize("conditions", [(), ("x",), ("c", "d"), ["tags", "k", "d"], "d", ("c", "c")])
def test_a_user_chooses_the_conditions(conditions):
    listed = (conditions,) if isinstance(conditions, str) else tuple(dict.fromkeys(conditions))
    assert made(conditions=conditions).conditions == listed


@pytest.mark.parametrize("wrong", ["l", "s", "nothing"])
def test_another_condition_is_refused_in_one_sentence(wrong):
    sentence = (
        rf"^a condition must be an input, or an output with one class per row \(x, k, tags, c, d\), but is '{wrong}'$"
    )
    with pytest.raises(DataError, match=sentence):
        made(conditions=["c", wrong])


def test_a_description_of_an_earlier_version_allows_anything(digits_problem):
    document = digits_problem.description.model_dump(mode="json")
    del document["conditions"], document["shares"]
    old = Description.model_validate(document)
    assert old.conditions is None
    assert old.shares == {}


def test_the_shares_are_those_of_known_classes_in_the_training_split():
    holes = np.where(np.arange(ROWS) % 4 == 0, np.nan, CLASS)
    problem = made(outputs={"c": discrete(holes)}, splits=(range(200), range(200, 250), range(250, 300)))
    known = holes[:200][~np.isnan(holes[:200])].astype(int)
    assert problem.shares["c"] == pytest.approx(np.bincount(known) / len(known))
    assert problem.shares["k"] == pytest.approx(np.bincount(CLASS[:200]) / 200)
    assert problem.shares.keys() == {"k", "c", "d"}


# Scores


def given_class(*more):
    """Samples from a code and the class that a Discretizer predicts, which is given; and from further inputs."""
    graph = graph_of(conditions=more)
    condition = Connection(source="class", target="paint", role=Role.CONDITION)
    return graph.model_copy(update={"connections": (*graph.connections, condition), "given": ("c",)})


@pytest.fixture(scope="module")
def holed():
    """A problem whose rows differ by class, with a class for one row in three, in an order that is no pattern."""
    torch.set_num_threads(1)
    random = np.random.default_rng(1)
    classes = np.arange(600) % CLASSES
    rows = np.eye(CLASSES)[classes].repeat(3, axis=1) * 0.8 + random.random((600, SIZE)) * 0.2
    holes = np.where(random.random(600) < 2 / 3, np.nan, classes)
    problem = Problem.from_arrays(
        "holed",
        inputs={"x": numeric(rows, scale="none"), "k": discrete(classes)},
        outputs={"c": discrete(holes), "y": numeric(rows[:, :2], scale="none"), "s": samples(rows, scale="none")},
        validation=0.25,
    )
    known = problem.train.having("c")
    judge = train_judge(known.truths["s"], known.truths["c"], (SIZE,), CLASSES, seed=0, epochs=40, width=16)
    return problem, Scorer(problem, {"s": judge}), classes


def perfect(problem):
    """A module that makes the mean row of the class that it is given."""
    module = compile(given_class(), seed=1)
    train = problem.train.having("c")
    means = torch.stack([train.truths["s"][train.truths["c"] == c].mean(0) for c in range(CLASSES)])
    layer = module.layers["paint-0"]
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
        layer.weight[:, -CLASSES:] = means.T
    return module


def test_the_class_of_a_row_is_given_when_a_sampler_is_scored(holed):
    problem, scorer, _ = holed
    module = perfect(problem)
    scores = scorer.score(module, problem.validation)
    assert scores["conditioning"] == 1
    assert scores["entropy"] > 0.99
    assert scores["spread"] == 0
    other = perfect(problem)
    with torch.no_grad():
        other.layers["paint-0"].weight[:, -CLASSES:] = other.layers["paint-0"].weight[:, -CLASSES:].roll(1, 1)
    assert scorer.score(other, problem.validation)["conditioning"] == 0


def test_rows_without_a_class_give_none(holed):
    problem, _, _ = holed
    module, split = perfect(problem), problem.validation
    rows = conditioning_rows(split, module.plan.inputs_of("s", "generate"), torch.arange(len(split)))
    assert torch.equal(rows, split.present["c"].nonzero()[:, 0])
    made, used = generate(module, split, "s", 400, seed=0)
    assert split.present["c"][used].all()
    expected = module.layers["paint-0"].weight[:, -CLASSES:].T[split.truths["c"][used]]
    torch.testing.assert_close(made, expected)


def test_no_known_class_means_no_score_and_a_sentence(holed):
    problem, scorer, _ = holed
    bare = problem.validation.take((~problem.validation.present["c"]).nonzero()[:, 0])
    scores = scorer.score(perfect(problem), bare)
    assert "conditioning" not in scores
    assert "coverage" not in scores
    with pytest.raises(
        ScoringError, match="samples of 's' are conditioned on a class, but no row of the split has one"
    ):
        generate(perfect(problem), bare, "s", 10, seed=0)


def test_few_rows_prefer_rows_that_can_condition_samples():
    rows, labels_ = torch.arange(30), torch.arange(30) % 3
    usable = torch.tensor([3, 4, 10])  # none of class 2
    chosen = few_rows(rows, labels_, None, 0, usable)
    assert set(chosen[labels_ == 0].tolist()) == {3}
    assert set(chosen[labels_ == 1].tolist()) <= {4, 10}
    assert set(chosen[labels_ == 2].tolist()) <= {3, 4, 10}
    assert set(few_rows(rows, None, None, 0, usable).tolist()) == {3, 4, 10}
    assert torch.equal(few_rows(rows, labels_, None, 0, rows), few_rows(rows, labels_, None, 0))


def test_a_given_class_and_an_input_condition_together(holed):
    problem, scorer, _ = holed
    graph = given_class("k")
    k = graph.inputs[1].model_copy(update={"unit": discrete_unit(CLASSES)})
    module = compile(graph.model_copy(update={"inputs": (graph.inputs[0], k)}), seed=1)
    assert module.plan.inputs_of("s", "generate") == {"c", "k"}
    assert 0 <= scorer.score(module, problem.validation)["conditioning"] <= 1
