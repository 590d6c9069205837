"""KL warm-up: β of the KL losses rises from 0, and nothing else changes."""

import pytest
import torch

from tests.valp.graphs import figure_2, figure_2_rows
from valp.compile import compile
from valp.fit import Fitting, fit
from valp.training import Betas

ROWS = 40


@pytest.fixture
def data():
    return figure_2_rows(ROWS)


def test_beta_of_a_kl_loss_rises_to_what_it_is_and_stays():
    module = compile(figure_2(), seed=0)
    betas, names = Betas(module, 4).of(0, 10), module.loss_names
    (kl,) = [i for i, name in enumerate(names) if name.startswith("kl")]
    rising = [float(module.betas[kl]) * share for share in (0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1)]
    assert betas[:, kl].tolist() == pytest.approx(rising)
    for i in set(range(len(names))) - {kl}:
        assert betas[:, i].tolist() == pytest.approx([float(module.betas[i])] * 10)


def test_the_steps_may_be_asked_for_in_parts():
    module = compile(figure_2(), seed=0)
    whole, parts = Betas(module, 7).of(0, 12), [Betas(module, 7).of(made, 4) for made in (0, 4, 8)]
    assert torch.equal(torch.cat(parts), whole)


def test_without_a_warmup_beta_is_there_from_the_first_step():
    module = compile(figure_2(), seed=0)
    assert torch.equal(Betas(module, 0).of(0, 3), module.betas.double().expand(3, -1))


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_a_latent_strays_further_from_the_prior_while_beta_is_small(executor, data):
    curves = {}
    for share in (0.0, 1.0):
        module = compile(figure_2(), seed=0)
        made = fit(module, *data, steps=400, batch=20, learning_rate=5e-3, kl_warmup=share, executor=executor)
        (kl,) = [i for i, name in enumerate(made.curves.names) if name.startswith("kl")]
        curves[share] = [point[kl] for point in made.curves.values]
    half = len(curves[0.0]) // 2
    assert sum(curves[1.0][:half]) > sum(curves[0.0][:half])


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_a_training_in_parts_warms_up_as_one_at_once(executor, data):
    states = []
    for stops in ([90], [13, 40, 90]):
        module = compile(figure_2(), seed=0)
        training = Fitting(module, *data, steps=90, batch=8, kl_warmup=0.6, executor=executor)
        for stop in stops:
            training.advance(stop)
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
