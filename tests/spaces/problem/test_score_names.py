"""The names of scores with a parameter, and what is said of wrong ones."""

import pickle

import numpy as np
import pytest

from tests.valp.graphs import discrete as discrete_unit
from tests.valp.graphs import wired
from valp.compile.compile import compile
from valp.errors import SettingError
from valp.graph.graph import DataType
from valp.score import SCORES, OutputScore, ScoreParameter
from valp.spaces.problem.problem import Problem, discrete, numeric
from valp.spaces.problem.scoring import Scorer
from valp.testing import check_score

X = np.random.default_rng(0).normal(size=(60, 3))
CLASSES = np.arange(60) % 3


def problem(inputs=None, **outputs):
    return Problem.from_arrays("p", inputs=inputs or {"x": numeric(X)}, outputs=outputs)


ONE = problem(c=discrete(CLASSES), y=numeric(X[:, 0]))
TWO = problem(left=discrete(CLASSES), right=discrete(CLASSES))


def test_a_name_has_the_output_only_if_several_have_the_score_and_the_number_in_its_shortest_form():
    assert ONE.metric("robust_accuracy@0.10").name == "robust_accuracy@0.1"
    assert ONE.metric("robust_mse@2.0").name == "robust_mse@2"
    found = TWO.metric("robust_accuracy.left@1e-1")
    assert (found.name, found.output, found.score.argument) == ("robust_accuracy.left@0.1", "left", 0.1)
    assert SCORES["robust_accuracy"].argument is None
    assert TWO.metric("robust_joint_accuracy@0.3").output is None
    assert pickle.loads(pickle.dumps(found)).score.argument == 0.1  # workers of a search get it so


def test_scores_under_attack_are_listed_only_if_they_are_named_and_their_companions_with_them():
    assert not [name for name in TWO.metrics if "robust" in name or "zero" in name]
    names = ("accuracy.left", "robust_accuracy.right@0.1", "robust_accuracy.right@0.2")
    asked = TWO.metrics_with(names)
    assert [*asked] == [*TWO.metrics, *names[1:], "zero_gradients.right"]
    assert TWO.wanted(names) == {*names, "zero_gradients.right"}
    both = {"zero_gradients.left", "zero_gradients.right"}
    assert TWO.wanted(("robust_joint_accuracy@0.1",)) == {"robust_joint_accuracy@0.1", *both}
    assert TWO.metric("zero_gradients.left").output == "left"
    assert TWO.wanted(()) == frozenset()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("robust_accuracy", "'robust_accuracy' needs the size of the attack after @, as in robust_accuracy@0.1"),
        ("robust_accuracy@", "must be a number above 0, as in robust_accuracy@0.1, but is '' in 'robust_accuracy@'"),
        ("robust_accuracy@big", "but is 'big' in 'robust_accuracy@big'"),
        ("robust_accuracy@0", "must be a number above 0"),
        ("robust_accuracy@-1", "must be a number above 0"),
        ("robust_accuracy@nan", "must be a number above 0"),
        ("robust_accuracy@inf", "must be a number above 0"),
        ("robust_accuracy@0.1@0.2", "but is '0.1@0.2'"),
        ("accuracy@0.1", "the score 'accuracy' has no number after @, but 'accuracy@0.1' was given"),
        ("zero_gradients.c@1", "the score 'zero_gradients.c' has no number after @"),
        ("robust_accuracy.c@0.1", "score must be one of accuracy, .*robust_accuracy@0.1, .*but is 'robust_accuracy.c"),
        ("robust_joint_accuracy@0.1", "score must be one of"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_explained_in_one_sentence(name, message):
    with pytest.raises(SettingError, match=message) as error:
        ONE.metric(name)
    assert "\n" not in str(error.value)


def test_a_problem_without_numbers_cannot_be_attacked():
    only = problem({"k": discrete(CLASSES)}, c=discrete(CLASSES))
    with pytest.raises(SettingError, match="p has inputs of classes and labels only"):
        only.metric("robust_accuracy@0.1")
    assert "zero_gradients" not in only.metrics
    with pytest.raises(SettingError) as error:
        only.metric("beauty")
    assert "robust" not in str(error.value)


class TopAccuracy(OutputScore):
    """Another package's score with a parameter."""

    code, title, direction = "top_accuracy", "the class is among the most probable ones", "maximize"
    parameter, on_demand = ScoreParameter("the number of classes", 2.0), True

    def applies(self, output):
        return output.type is DataType.DISCRETE and not output.labels

    def compute(self, subject, output):
        found = subject.predicted(output.name)
        top = found.values.topk(int(self.argument), 1).indices
        return (top == found.truth[:, None]).any(1).double().mean().item()


def test_a_score_of_another_package_may_have_a_parameter():
    check_score(TopAccuracy())
    with SCORES.adding(TopAccuracy()):
        made = problem(c=discrete(CLASSES))
        graph = wired(
            [("n", "delta", discrete_unit(3), "concatenation")], [("x", "n"), ("n", "c")], [("c", discrete_unit(3))],
            [("cross_entropy", "c", "c")], inputs=[("x", 3)],
        )  # fmt: skip
        names = ("top_accuracy@1", "top_accuracy@2", "top_accuracy@3")
        found = Scorer(made, {}, objectives=names).score(compile(graph, seed=0), made.test)
    assert found[names[0]] == found["accuracy"] <= found[names[1]] <= found[names[2]] == 1
