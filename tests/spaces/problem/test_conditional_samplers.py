"""A sampler that is trained on the digits makes the digit it is asked for, although its code says the digit as well."""

import pytest
import torch

from benchmarks.cheaters import flags
from benchmarks.cheaters_graphs import autoencoder
from valp.compile.compile import compile
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import fit

STEPS, BATCH = 1500, 50
LATENT, BETA = 16, 0.05
"""With this many variables and so little weight of the KL loss, the decoder can read the digit from z alone."""


@pytest.fixture(scope="module", params=[0, 1])
def both(request, digits_problem):
    """Test scores of a class-conditional VAE, with z from its class and from the mixture of all codes."""
    torch.set_num_threads(1)
    graph = autoencoder(digits_problem, condition="class", loss=digits_problem.losses["image"][0], code=LATENT)
    losses = tuple(x.model_copy(update={"beta": BETA}) if x.kind == "kl" else x for x in graph.losses)
    networks = tuple(n.model_copy(update={"prior": "mixture"}) for n in graph.networks)
    graph = graph.model_copy(update={"losses": losses, "networks": networks, "given": ("digit",)})
    module, train = compile(graph, seed=request.param), digits_problem.train
    truths = {name: train.truths[name] for name in module.plan.outputs}
    assert fit(module, train.inputs, truths, steps=STEPS, batch=BATCH, seed=request.param).failure is None
    scorer = Scorer(digits_problem, judges_of(digits_problem))
    with_class = scorer.score(module.eval(), digits_problem.test)
    module.class_priors["decoder"].known.zero_()
    return with_class, scorer.score(module, digits_problem.test)


def test_samples_have_the_digit_they_are_asked_for(both):
    with_class, without = both
    assert with_class["conditioning"] > 0.9
    assert without["conditioning"] < 0.6


def test_samples_are_as_varied_as_the_data_and_more_like_it(both):
    with_class, without = both
    assert with_class["coverage"] > without["coverage"] + 0.15
    assert abs(with_class["spread"] - 1) < 0.35 < abs(without["spread"] - 1)
    assert with_class["entropy"] > 0.98


def test_samples_are_not_flagged_as_copies_or_training_rows(both):
    for scores in both:
        assert not flags(scores)
