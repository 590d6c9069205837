"""The conditional VAE among the baselines."""

import pytest

from tests.spaces.baselines.test_single_task import problem  # noqa: F401
from valp.check.check import check
from valp.compile.compile import compile, lower
from valp.graph.graph import Role
from valp.search.engine.evaluate import train
from valp.spaces.baselines.baselines import networks
from valp.spaces.baselines.conditional_vae import conditional_vae
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import DEFAULT
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer


@pytest.mark.parametrize("name", ["s", "t"])
def test_samples_are_conditioned_on_a_class_of_an_input(problem, name):  # noqa: F811
    graph = conditional_vae(problem, name)
    assert check(graph).violations == check(graph).notes == ()
    assert [c.source for c in graph.incoming("decoder") if c.role is Role.CONDITION] == ["k"]
    assert compile(graph, seed=0).plan.inputs_of(name, "generate") == frozenset({"k"})


def test_only_a_class_that_is_an_output_has_a_prior_of_its_own(problem, digits_problem):  # noqa: F811
    assert [group.given for group in lower(conditional_vae(problem, "s")).groups] == [None]
    assert [group.given for group in lower(conditional_vae(digits_problem, "image")).groups] == ["digit"]


@pytest.mark.parametrize("name", ["y", "c", "l"])
def test_predictions_have_none(problem, name):  # noqa: F811
    assert conditional_vae(problem, name) is None


def test_it_is_among_the_tuned_networks(digits_problem):
    found = list(networks(digits_problem, DEFAULT, Training(steps=10), 0, 24, "tuned"))
    codes = [one.code for one in found if one.output == "image"]
    assert codes == ["network", *(f"tuned-{i}" for i in range(1, 7))]
    given = [one.code for one in found if one.candidate.graph.given]
    assert given == ["tuned-2"]


def test_on_digits_it_makes_the_digit_that_it_is_asked_for(digits_problem):
    scorer = Scorer(digits_problem, judges_of(digits_problem, lambda _: None))
    graph = conditional_vae(digits_problem, "image")
    module, _ = train(Candidate(graph=graph, training=Training(steps=600, decay=0.3)), scorer)
    scores = scorer.score(module, digits_problem.validation)
    assert scores["conditioning"] > 0.85
    assert scores["entropy_coverage"] > 0.7
    assert scores["copying"] < 0.2
    assert scores["memorising"] < 0.75
