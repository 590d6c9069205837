"""The schedule of a training: β of the KL losses rises from 0, the learning rate falls to 0, the rest stays."""

import pytest
import torch

from tests.valp.graphs import figure_2, figure_2_rows
from valp.compile.compile import compile
from valp.train.fit import Fitting, fit
from valp.train.schedule import Schedule

ROWS = 40


@pytest.fixture
def data():
    return figure_2_rows(ROWS)


@pytest.fixture
def module():
    return compile(figure_2(), seed=0)


def test_beta_of_a_kl_loss_rises_to_its_full_value_and_stays(module):
    betas, names = Schedule(module, 10, 1e-3, kl_warmup=0.4).betas(0, 10), module.loss_names
    (kl,) = [i for i, name in enumerate(names) if name.startswith("kl")]
    rising = [float(module.betas[kl]) * share for share in (0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1)]
    assert betas[:, kl].tolist() == pytest.approx(rising)
    for i in set(range(len(names))) - {kl}:
        assert betas[:, i].tolist() == pytest.approx([float(module.betas[i])] * 10)


def test_the_learning_rate_is_constant_and_then_falls_to_zero(module):
    rates = Schedule(module, 10, 0.5, decay=0.4).rates(0, 12).tolist()
    assert rates == pytest.approx([0.5] * 7 + [0.375, 0.25, 0.125, 0, 0])


def test_the_schedule_can_be_computed_in_parts(module):
    schedule = Schedule(module, 12, 1e-3, kl_warmup=0.6, decay=0.7)
    assert torch.equal(torch.cat([schedule.betas(made, 4) for made in (0, 4, 8)]), schedule.betas(0, 12))
    assert torch.equal(torch.cat([schedule.rates(made, 4) for made in (0, 4, 8)]), schedule.rates(0, 12))


def test_without_warm_up_and_decay_nothing_changes_between_the_steps(module):
    schedule = Schedule(module, 3, 1e-3)
    assert torch.equal(schedule.betas(0, 3), module.betas.double().expand(3, -1))
    assert schedule.rates(0, 3).tolist() == [1e-3] * 3


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
def test_weights_settle_while_the_learning_rate_falls(executor, data):
    moved = {}
    for decay in (0.0, 0.5):
        module = compile(figure_2(), seed=0)
        training = Fitting(module, *data, steps=200, batch=20, decay=decay, executor=executor)
        weights = []
        for stop in (95, 100, 195, 200):
            training.advance(stop)
            weights.append(torch.cat([parameter.detach().flatten() for parameter in module.parameters()]).clone())
        moved[decay] = [float((weights[i + 1] - weights[i]).norm()) for i in (0, 2)]
    assert moved[0.5][0] == pytest.approx(moved[0.0][0], rel=1e-5)
    assert moved[0.5][1] < 0.1 * moved[0.0][1]


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_training_in_parts_takes_the_same_steps_as_training_at_once(executor, data):
    states = []
    for stops in ([90], [13, 40, 90]):
        module = compile(figure_2(), seed=0)
        training = Fitting(module, *data, steps=90, batch=8, kl_warmup=0.6, decay=0.7, executor=executor)
        for stop in stops:
            training.advance(stop)
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
