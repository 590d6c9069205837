"""Balancing methods that weigh losses: uniform weights and dynamic weight average."""

from math import exp

import pytest
import torch

from tests.valp.graphs import figure_2, figure_2_rows
from valp.compile.compile import compile, lower
from valp.errors import SettingError
from valp.train.balance import BALANCERS, Balance, LossBalancer, ScheduledBalancer, completed, read_balance
from valp.train.balance.balancer import LossStep
from valp.train.balance.loss_reach import LossReach, loss_reach
from valp.train.balance.positive_losses import LEAST, PositiveLosses
from valp.train.balance.torchjd_methods import FromTorchJD
from valp.train.fit import fit

CPU = torch.device("cpu")


def step(losses, betas, present=None):
    there = torch.tensor(present or [True] * len(losses))
    return LossStep(torch.as_tensor(losses), torch.tensor(betas), lambda: there)


def reach_of(betas, divergent):
    return LossReach(tuple(f"l{i}" for i in range(len(betas))), betas, divergent, ())


def test_uniform_weights_are_one_for_tasks_and_beta_for_kl_losses():
    reach = reach_of((3.0, 0.0, 0.5, 0.4), (False, False, False, True))
    betas = torch.tensor([[3.0, 0.0, 0.5, 0.1], [3.0, 0.0, 0.5, 0.4]])
    found = BALANCERS["uniform"].weights(betas, reach, {})
    assert found.tolist() == [[1, 0, 1, pytest.approx(0.1)], [1, 0, 1, pytest.approx(0.4)]]


def dwa(betas, divergent, period=1, temperature=2.0):
    settings = {"period": period, "temperature": temperature}
    return BALANCERS["dwa"].begin(reach_of(betas, divergent), settings, CPU)


def test_dynamic_weights_are_those_of_liu():
    """A period of one step, T = 2: r of step t is L(t − 1) / L(t − 2)."""
    state = dwa((1.0, 2.0, 0.5), (False, False, True))
    first, second = [4.0, 2.0, 1.0], [2.0, 1.8, 5.0]
    for losses in (first, second):  # no ratio yet
        assert state.weights(step(losses, [1.0, 2.0, 0.5]), 1e-3).tolist() == [1.0, 2.0, 0.5]
    found = state.weights(step([1.0, 1.0, 1.0], [1.0, 2.0, 0.5]), 1e-3)
    powers = [exp(0.5 / 2), exp(0.9 / 2)]
    weights = [2 * power / sum(powers) for power in powers]
    assert state.factors.tolist() == pytest.approx([*weights, 1.0])
    assert found.tolist() == pytest.approx([weights[0], 2 * weights[1], 0.5])


def test_dynamic_weights_do_not_depend_on_the_unit_of_a_loss_that_beta_compensates():
    found = []
    for scale in (1.0, 1e-10):
        betas = [1.0, 1 / scale]
        state = dwa(tuple(betas), (False, False))
        for second in (1.0, 0.3, 0.09):
            state.weights(step([1.0, second * scale], betas), 1e-3)
        found.append(state.factors.tolist())
    assert found[1] == pytest.approx(found[0])
    assert found[0][1] < 0.9


def test_dynamic_weights_average_over_a_period_and_over_batches_with_labels():
    state = dwa((1.0, 1.0), (False, False), period=2)
    losses = [([4.0, 1.0], None), ([2.0, 9.0], [True, False]), ([1.5, 1.0], None), ([1.5, 1.0], None)]
    for values, present in losses:
        state.weights(step(values, [1.0, 1.0], present), 1e-3)
        assert state.factors.tolist() == [1, 1]
    state.weights(step([1.0, 1.0], [1.0, 1.0]), 1e-3)
    powers = [exp(0.5 / 2), exp(1.0 / 2)]
    assert state.factors.tolist() == pytest.approx([2 * power / sum(powers) for power in powers])


def test_a_loss_without_a_label_in_a_period_has_ratio_1_and_a_loss_without_beta_is_not_weighed():
    state = dwa((1.0, 1.0, 0.0), (False, False, False))
    for values in ([4.0, 0.0, 3.0], [2.0, 0.0, 1.0], [1.0, 1.0, 1.0]):
        state.weights(step(values, [1.0, 1.0, 0.0], [True, False, True]), 1e-3)
    powers = [exp(0.5 / 2), exp(1.0 / 2)]
    assert state.factors.tolist() == pytest.approx([*(2 * power / sum(powers) for power in powers), 1.0])


def test_dynamic_weights_of_negative_and_nan_losses_are_finite():
    state = dwa((1.0, 1.0), (False, False))
    for value in (0.5, -1.0, -2.0, 0.0, 3.0, float("nan"), 1.0):
        assert torch.isfinite(state.weights(step([value, 1.0], [1.0, 1.0]), 1e-3)).all()
        assert (state.factors > 0).all()
        assert state.factors.sum() == pytest.approx(2)


def test_losses_are_shifted_only_after_one_was_negative():
    positive = PositiveLosses()
    for value, counts_as in ((2.0, 2.0), (0.0, LEAST), (-3.0, 1.0), (2.0, 6.0), (0.0, 4.0)):
        positive.see(0, value)
        assert positive.of(0, value) == counts_as
    positive.see(1, 0.5)
    assert positive.of(1, 0.5) == 0.5


WEIGHING = [
    code
    for code, row in BALANCERS.items()
    if isinstance(row, ScheduledBalancer | LossBalancer) and not isinstance(row, FromTorchJD)
]


@pytest.mark.parametrize("method", WEIGHING)
def test_a_method_that_only_weighs_losses_takes_one_backward_pass_a_step(method, monkeypatch):
    passes = []
    engine = torch.autograd.backward
    monkeypatch.setattr(torch.autograd, "backward", lambda *given, **named: passes.append(1) or engine(*given, **named))
    monkeypatch.setattr(torch.autograd, "grad", lambda *given, **named: passes.append("grad"))
    fit(
        compile(figure_2(), seed=0), *figure_2_rows(24), steps=7, batch=8, executor="torch",
        balance=Balance(method=method),
    )  # fmt: skip
    assert passes == [1] * 7


def test_uniform_is_fixed_beta_of_a_graph_whose_supervised_losses_have_beta_1():
    losses = tuple(loss if loss.kind == "kl" else loss.model_copy(update={"beta": 1.0}) for loss in figure_2().losses)
    states = []
    for graph, method in ((figure_2(), "uniform"), (figure_2().model_copy(update={"losses": losses}), "fixed")):
        module = compile(graph, seed=0)
        fit(module, *figure_2_rows(24), steps=10, batch=8, executor="torch", balance=Balance(method=method))
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert loss_reach(lower(figure_2())).divergent[-1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("uniform:rate=1", "'uniform' must be left out, because it has none, but is 'rate'"),
        ("dwa:temperature=0", r"dwa:temperature must be a number in \[0.01, 1e\+09\], but is 0.0"),
        ("dwa:period=0", r"dwa:period must be a whole number in \[1, 1e\+09\], but is 0"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(text, said):
    with pytest.raises(SettingError, match=said):
        read_balance(text)


def test_methods_are_read_with_their_defaults():
    assert completed(read_balance("dwa")).settings == {"temperature": 2.0, "period": 100}
    assert completed(read_balance("dwa:period=20")).settings == {"temperature": 2.0, "period": 20}
