"""GradNorm: its weights, from real gradients."""

import numpy as np
import pytest
import torch

from tests.valp.train.gradient_rows import begun, direction, gradients, step_of
from valp.errors import SettingError
from valp.train.balance import completed, read_balance
from valp.train.balance.balancer import GroupGradients
from valp.train.balance.gradient_normalisation import LOWEST_WEIGHT


def by_autograd(steps, losses, alpha, rate):
    """The weights of each step, by autograd through Σ|G_i − Ḡ·r_i^α| with constant targets, and torch's Adam."""
    w = torch.ones(len(losses[0]), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=rate)
    used = []
    for rows, values in zip(steps, losses, strict=True):
        used.append(w.detach().clone())
        lengths = (w[:, None] * torch.as_tensor(rows)).norm(dim=1)
        ratios = torch.as_tensor(values) / torch.as_tensor(losses[0])
        targets = (lengths.mean() * (ratios / ratios.mean()) ** alpha).detach()
        optimizer.zero_grad()
        (lengths - targets).abs().sum().backward()
        optimizer.step()
        with torch.no_grad():
            w.clamp_(min=LOWEST_WEIGHT)
            w.mul_(len(w) / w.sum())
    return used


def test_the_weights_are_those_of_chen_et_al():
    generator = np.random.default_rng(0)
    for count in (2, 3, 6):
        rows = gradients(count, count=count)
        steps = [rows * np.exp(generator.normal(size=(count, 1))) for _ in range(25)]
        losses = np.exp(generator.normal(size=(25, count)))
        state = begun("gradnorm", count, alpha=0.8, rate=0.05)
        for rows, values, weights in zip(steps, losses, by_autograd(steps, losses, 0.8, 0.05), strict=True):
            assert direction(state, rows, values) == pytest.approx(weights.numpy() @ rows)


def test_a_longer_gradient_gets_a_smaller_weight_until_the_lengths_are_equal():
    rows = np.array([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]])
    state = begun("gradnorm", 3, rate=0.01)
    for _ in range(1500):
        found = direction(state, rows)
    assert found == pytest.approx(found.mean(), rel=0.1)
    assert (found / rows.diagonal()).mean() == pytest.approx(1, rel=1e-6)


def test_a_task_whose_rivals_are_absent_keeps_its_weight():
    rows = np.array([[10.0, 0.0], [0.0, 0.1]])
    state = begun("gradnorm", 2, alpha=0.0)
    for _ in range(400):
        found = direction(state, rows)
    assert found[0] < 1.0
    alone = GroupGradients(0, (0,), torch.as_tensor(rows[:1]))
    assert state.combine(step_of([1.0, 1.0]), [alone])[0].numpy() == pytest.approx([found[0], 0.0], rel=0.5)
    beside_nothing = direction(state, rows * [[1.0], [0.0]])
    assert beside_nothing == pytest.approx([found[0], 0.0], rel=0.5)
    other = GroupGradients(1, (0,), torch.as_tensor(rows[:1]))  # a group of this task alone
    assert state.combine(step_of([1.0, 1.0]), [other])[0].tolist() == [10.0, 0.0]


@pytest.mark.parametrize("scale", [1e-14, 1e-10, 1e6])
def test_the_weights_do_not_depend_on_the_unit_of_the_gradients(scale):
    rows, found = np.array([[10.0, 0.0], [0.0, 0.1]]), []
    for factor in (1.0, scale):
        state = begun("gradnorm", 2, alpha=0.0)
        for _ in range(300):
            last = direction(state, rows * factor)
        found.append(last / factor)
    assert found[1] == pytest.approx(found[0], rel=1e-3)


def test_a_task_that_has_learned_less_gets_a_longer_gradient():
    rows = np.eye(2)
    state = begun("gradnorm", 2, alpha=1.0)
    direction(state, rows, [1.0, 1.0])
    for _ in range(100):
        found = direction(state, rows, [0.2, 0.8])
    assert found[1] > 2 * found[0]


def test_groups_have_their_own_weights_and_an_absent_task_stays_out():
    rows = np.array([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]])
    state = begun("gradnorm", 3)
    for _ in range(50):
        found = direction(state, rows[:2], losses=[1.0, 1.0, 0.0], kept=(0, 1))
    assert 0 < found[0] < 3
    assert direction(state, rows, group=1) == pytest.approx([3, 1, 0.5])
    assert direction(state, rows)[2] == pytest.approx(0.5)


def test_negative_and_zero_losses_have_finite_positive_weights():
    rows = np.eye(2)
    state = begun("gradnorm", 2)
    for losses in ([1.0, 1.0], [0.0, -2.0], [-1.0, 5.0], [0.0, 0.0]) * 10:
        found = direction(state, rows, losses)
        assert np.isfinite(found).all()
        assert (found > 0).all()
    assert np.isnan(direction(state, np.array([[1.0, 0.0], [np.nan, 1.0]]))).any()


def test_wrong_settings_are_refused_in_one_sentence_and_the_defaults_are_the_papers():
    with pytest.raises(SettingError, match=r"gradnorm:alpha must be a number in \[0, 1e\+09\], but is -1.0"):
        read_balance("gradnorm:alpha=-1")
    assert completed(read_balance("gradnorm")).settings == {"alpha": 1.5, "rate": 0.025}
