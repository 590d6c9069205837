"""The scalarizers of TorchJD as balancing methods."""

import numpy as np
import pytest
import torch

from tests.valp.graphs import figure_2, figure_2_rows, with_part
from tests.valp.train.gradient_rows import CPU
from valp.compile.compile import compile
from valp.errors import MissingPackageError, SettingError
from valp.train.balance import BALANCERS, Balance, LossReach, LossStep, completed, read_balance
from valp.train.balance.torchjd_scalarizers import TORCHJD_SCALARIZERS
from valp.train.fit import Fitting, fit

CODES = [row.code for row in TORCHJD_SCALARIZERS]


def begun(method, divergent, betas=None, **settings):
    row = BALANCERS[method]
    reach = LossReach(("",) * len(divergent), tuple(betas or [1.0] * len(divergent)), tuple(divergent), ())
    return row.begin(reach, row.completed(settings), CPU)


def slopes(state, losses, betas=None, present=None):
    """The weights of the losses."""
    leaves = torch.tensor(losses, dtype=torch.float64)
    there = torch.tensor(present or [True] * len(losses))
    weights = torch.tensor(betas or [1.0] * len(losses), dtype=torch.float64)
    return state.weights(LossStep(leaves, weights, lambda: there), 1e-3).numpy()


def step_of(losses, present=None):
    there = torch.tensor(present or [True] * len(losses))
    losses = torch.tensor(losses, dtype=torch.float64)
    return LossStep(losses, torch.ones_like(losses), lambda: there)


def test_a_missing_package_is_named_in_one_sentence(monkeypatch):
    monkeypatch.setattr("valp.errors._is_installed", lambda package: False)
    with pytest.raises(MissingPackageError, match=r"^the balancing method 'famo' needs torchjd; install it with"):
        read_balance("famo")


def test_the_rows_name_their_sources():
    assert CODES == ["famo", "gls", "stch", "rlw"]
    assert all("by TorchJD (" in row.title and row.packages == ("torchjd",) for row in TORCHJD_SCALARIZERS)


def test_the_defaults_of_famo_are_those_of_torchjd():
    pytest.importorskip("torchjd")
    assert completed(Balance(method="famo")).settings == {"rate": 0.025, "decay": 1e-3}


@pytest.fixture(params=CODES)
def method(request):
    pytest.importorskip("torchjd")
    return request.param


def test_slopes_are_those_of_the_formulas():
    pytest.importorskip("torchjd")
    losses = np.array([2.0, 0.5, 4.0])
    free = [False] * 3
    famo = slopes(begun("famo", free), losses)  # the weights z are equal at first
    assert famo == pytest.approx((1 / losses) / (1 / losses).sum(), rel=1e-6)
    assert slopes(begun("gls", free), losses) == pytest.approx(losses.prod() ** (1 / 3) / (3 * losses))
    powers = np.exp(losses / 3 / 0.5)
    assert slopes(begun("stch", free, mu=0.5), losses) == pytest.approx(powers / powers.sum() / 3)
    state = begun("rlw", free)
    first, second = slopes(state, losses), slopes(state, losses)
    assert (first.sum(), second.sum()) == (pytest.approx(1), pytest.approx(1))
    assert not np.allclose(first, second)
    assert np.array_equal(slopes(begun("rlw", free), losses), first)  # a training repeats


def test_famo_is_that_of_torchjd_step_by_step():
    pytest.importorskip("torchjd")
    from torchjd.scalarization import FAMO

    state, theirs = begun("famo", [False] * 3, rate=0.1, decay=0.01), FAMO(3, lr=0.1, weight_decay=0.01)
    generator = np.random.default_rng(0)
    for _ in range(5):
        before, after = generator.uniform(0.1, 2, (2, 3)).tolist()
        leaves = torch.tensor(before, dtype=torch.float64, requires_grad=True)
        theirs(leaves).backward()
        assert slopes(state, before) == pytest.approx(leaves.grad.numpy(), rel=1e-6)
        state.learn(step_of(after))
        theirs.update(torch.tensor(after, dtype=torch.float64))


def test_famo_prefers_the_task_whose_loss_has_fallen_less():
    pytest.importorskip("torchjd")
    state = begun("famo", [False, False])
    for _ in range(20):
        slopes(state, [1.0, 1.0])
        state.learn(step_of([0.5, 1.0]))
    first, second = slopes(state, [1.0, 1.0])
    assert second > 1.5 * first


def test_kl_losses_keep_beta_and_losses_without_a_label_or_weight_do_not_count(method):
    three = begun(method, [False, False, True])
    found = slopes(three, [2.0, 0.5, 7.0], betas=[1.0, 1.0, 0.25])
    assert found[2] == pytest.approx(0.25 * found[:2].mean())
    two = slopes(begun(method, [False, False]), [2.0, 0.5])
    assert found[:2] == pytest.approx(two)
    absent = slopes(begun(method, [False] * 3), [2.0, 0.5, 0.0], present=[True, True, False])
    assert absent[:2] == pytest.approx(two)
    weightless = slopes(begun(method, [False] * 3, betas=[1.0, 1.0, 0.0]), [2.0, 0.5, 9.0], betas=[1.0, 1.0, 0.0])
    assert weightless == pytest.approx([*two, 0.0])
    nothing = slopes(begun(method, [False, True]), [0.0, 3.0], betas=[1.0, 0.5], present=[False, True])
    assert nothing[1] == 0.5  # no task: as with fixed β


def test_beta_weighs_a_loss_before_it_is_combined(method):
    heavy = slopes(begun(method, [False, False]), [2.0, 0.5], betas=[1.0, 3.0])
    scaled = slopes(begun(method, [False, False]), [2.0, 1.5])
    assert heavy == pytest.approx(scaled * [1, 3])


def test_zero_and_negative_losses_have_finite_weights(method):
    state = begun(method, [False, False])
    for losses in ([1.0, 2.0], [0.0, -3.0], [0.5, -1.0], [0.0, -4.0]):
        assert np.isfinite(slopes(state, losses)).all()
        if state.again:
            state.learn(step_of([value - 2 for value in losses]))


def test_a_training_lowers_the_losses_repeats_and_leaves_the_global_generator(method):
    curves, before = [], torch.random.get_rng_state()
    for _ in range(2):
        module = compile(figure_2(), seed=0)
        made = fit(
            module, *figure_2_rows(24), steps=60, batch=24, learning_rate=1e-2, balance=Balance(method=method)
        )  # fmt: skip
        assert made.failure is None
        curves.append(made.curves)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert curves[0] == curves[1]
    assert curves[0].values[-1][0] < curves[0].values[0][0]


def test_the_networks_are_differentiated_once_a_step(method, monkeypatch):
    passes, engine = [], torch.autograd.backward
    monkeypatch.setattr(torch.autograd, "backward", lambda *given: passes.append(1) or engine(*given))
    fit(
        compile(figure_2(), seed=0),
        *figure_2_rows(24),
        steps=3,
        batch=8,
        executor="torch",
        balance=Balance(method=method),
    )
    assert passes == [1] * 3


def test_famo_sees_the_losses_of_the_same_batch_after_the_step(monkeypatch):
    """It compares the batch's losses before and after; batch normalisation counts the batch once."""
    pytest.importorskip("torchjd")
    graph = figure_2()
    dense = graph.networks[0].layers[0].model_copy(update={"normalise": True})
    graph = with_part(graph, "networks", 0, layers=(dense,))
    data, modules = figure_2_rows(24), [compile(graph, seed=0) for _ in range(2)]
    famo = Balance(method="famo", settings={"rate": 0.0})
    one, other = (
        Fitting(module, *data, steps=1, batch=24, balance=balance, executor="torch", learning_rate=1e-2)
        for module, balance in zip(modules, (famo, Balance()), strict=True)
    )
    seen = []
    learn = one._running._learn
    monkeypatch.setattr(one._running, "_learn", lambda step: (seen.append(step.losses), learn(step)))
    one.advance(1)
    other.advance(1)
    (after,) = seen
    assert not after.requires_grad
    assert float(after @ modules[0].betas) < one.fit.curves.values[0][0]
    ours, theirs = (dict(module.named_buffers()) for module in modules)
    running = [name for name in ours if "running" in name]
    assert running
    for name in running:
        torch.testing.assert_close(ours[name], theirs[name])


@pytest.mark.parametrize("text", ["famo:rate=-1", "stch:mu=0", "gls:mu=1"])
def test_a_wrong_setting_is_refused_in_one_sentence(text):
    pytest.importorskip("torchjd")
    with pytest.raises(SettingError, match=text.split(":")[0]):
        read_balance(text)
