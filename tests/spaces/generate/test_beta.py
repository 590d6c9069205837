"""The ranges of β: squared errors are weighted by the variance of the output that they judge."""

from dataclasses import replace

import pytest

from tests.spaces.graphs import CLOTHING, random_graph
from valp.graph.graph import DataType
from valp.spaces.generate.assembly import range_of_beta
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT, PAPER

LOW, HIGH = DEFAULT.beta_error
NUMERIC, SAMPLES = DataType.NUMERIC, DataType.SAMPLES


def test_a_squared_error_is_weighted_by_the_variance():
    assert range_of_beta(DEFAULT, "mse", NUMERIC, 1e-3) == pytest.approx((LOW * 1e3, HIGH * 1e3))
    assert range_of_beta(DEFAULT, "huber", NUMERIC, 4.0) == pytest.approx((LOW / 4, HIGH / 4))


@pytest.mark.parametrize(("code", "variance"), [("cross_entropy", 1e-3), ("mse", None), ("mse", 0.0)])
def test_other_losses_and_outputs_of_unknown_variance_have_the_usual_range(code, variance):
    assert range_of_beta(DEFAULT, code, NUMERIC, variance) == DEFAULT.beta


def test_the_likelihood_of_samples_has_beta_1_so_that_beta_of_the_kl_loss_is_relative_to_it():
    assert range_of_beta(DEFAULT, "bernoulli", SAMPLES, None) == (1, 1)
    assert range_of_beta(replace(DEFAULT, beta_samples=None), "bernoulli", SAMPLES, None) == DEFAULT.beta
    assert range_of_beta(PAPER, "mse", SAMPLES, None) == (1, 1)
    for seed in range(10):
        graph = random_graph(seed, CLOTHING, DEFAULT, RandomChoose(seed))
        assert {loss.beta for loss in graph.losses if loss.truth == "image"} == {1.0}


def test_the_papers_space_has_one_range_for_all_losses():
    assert range_of_beta(PAPER, "mse", NUMERIC, 1e-3) == PAPER.beta == (1.0, 1.0)


def test_the_unit_of_an_output_changes_nothing_but_its_beta():
    metres, millimetres = (replace(CLOTHING, variances={"histogram": variance}) for variance in (1e-6, 1.0))
    for seed in range(20):
        small, large = (random_graph(seed, x, DEFAULT, RandomChoose(seed)) for x in (metres, millimetres))
        betas = {loss.truth: loss.beta for loss in small.losses}
        assert betas["histogram"] == pytest.approx(
            1e6 * next(loss.beta for loss in large.losses if loss.truth == "histogram")
        )
        assert small.model_copy(update={"losses": ()}) == large.model_copy(update={"losses": ()})
