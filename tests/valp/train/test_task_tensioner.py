"""The task tensioner: its formula, its constraint, and when it does nothing."""

import logging

import numpy as np
import pytest

from tests.valp.graphs import figure_2, figure_2_rows
from tests.valp.train.gradient_rows import (
    begun,
    direction,
    expected_direction,
    gradients,
    require_close,
)
from valp.compile.compile import compile
from valp.errors import SettingError
from valp.train.balance import Balance, completed, read_balance
from valp.train.balance.task_tensioner import feasible_share, tension_factor
from valp.train.fit import fit

DIRECTIONS = ("central", "min-norm", "mean")


def history(seed, count=None, period=3):
    """Gradients of T + 1 steps, (T + 1, m, n), and losses of the last one."""
    rows = gradients(seed, count)
    generator = np.random.default_rng(seed + 10_000)
    scales = np.exp(generator.normal(size=(period + 1, len(rows), 1)) / 2)
    scales[-1] = 1
    return rows * scales, np.exp(generator.normal(size=len(rows)))


def after(state, steps, losses):
    """The direction of the last step."""
    return [direction(state, rows, losses) for rows in steps][-1]


def by_the_formula(v, steps, losses, alpha):
    """Eq. 4.9 to 4.12, written down once more; the share of the pull by bisection."""
    rows = steps[-1]
    norms = np.linalg.norm(steps, axis=2)
    delta = norms[1:].mean(0) / norms[:-1].mean(0) + np.log10(losses)
    factors = alpha / (1 + np.exp(-delta * np.e + np.e)) + 1 - alpha
    distances = np.linalg.norm(rows - v, axis=1)
    pull = sum(
        (c * (row - v) / far for c, row, far in zip(factors, rows, distances, strict=True) if far > 1e-6),
        np.zeros_like(v),
    )
    slack = 1e-9 * np.linalg.norm(rows, axis=1).max() ** 2
    if (rows @ v < -slack).any():
        return v
    low, high = 0.0, 1.0
    if (rows @ (v + pull) < 0).any():
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if (rows @ (v + middle * pull) >= 0).all() else (low, middle)
        return v + low * pull
    return v + pull


def cases(few, many):
    """A check of a few cases, and one of many among the slow tests."""
    return pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.slow)])


def pulled(seed, count=None, alpha=0.6):
    """A state after two steps, its direction, the plain one of a quadratic program, the gradients and the losses."""
    name = DIRECTIONS[seed % len(DIRECTIONS)]
    steps, losses = history(seed, count, period=1)
    state = begun("tensioner", len(losses), direction=name, period=1, alpha=alpha)
    return state, after(state, steps, losses), expected_direction(name, steps[-1]), steps, losses


@cases(250, 1000)
def test_two_tasks_are_pulled_as_the_formula_says(count):
    for seed in range(count):
        _, found, v, steps, losses = pulled(seed, count=2)
        require_close(found, by_the_formula(v, steps, losses, 0.6), steps[-1])


@cases(250, 1000)
def test_three_to_ten_tasks_are_pulled_from_the_direction_of_a_quadratic_program(count):
    shortened = 0
    for seed in range(count):
        state, found, v, steps, losses = pulled(seed)
        require_close(found, by_the_formula(v, steps, losses, 0.6), steps[-1])
        shortened += state.shortened
    assert shortened > count / 40


@pytest.mark.parametrize("name", DIRECTIONS)
def test_the_mean_of_more_than_one_norm_counts(name):
    for seed in range(20):
        steps, losses = history(seed, period=4)
        state = begun("tensioner", len(losses), direction=name, period=4, alpha=0.6)
        found = after(state, steps, losses)
        require_close(found, by_the_formula(expected_direction(name, steps[-1]), steps, losses, 0.6), steps[-1])


@cases(300, 10_000)
def test_no_loss_rises_where_the_direction_itself_raises_none(count):
    """∇_m·v_n ≥ 0 for all m wherever ∇_m·v ≥ 0 for all m; elsewhere v_n is v."""
    feasible = dict.fromkeys(DIRECTIONS, 0)
    kept = dict.fromkeys(DIRECTIONS, 0)
    for seed in range(count):
        state, found, v, (_, rows), _ = pulled(seed, count=2 + seed // 3 % 9, alpha=0.9)
        name, lengths = DIRECTIONS[seed % 3], np.linalg.norm(rows, axis=1)
        if (rows @ v >= -1e-9 * lengths * lengths.max()).all():
            feasible[name] += 1
            assert (rows @ found >= -1e-8 * lengths * lengths.max()).all()
        if state.kept:
            kept[name] += 1
            require_close(found, v, rows)
        assert state.pulled + state.kept == 1
    assert min(feasible.values()) > count / 20
    assert kept["mean"] > count / 50
    assert kept["central"] == kept["min-norm"] == 0


@pytest.mark.parametrize("name", DIRECTIONS)
def test_without_alpha_it_is_the_plain_direction_whatever_the_number_of_tasks(name):
    for seed in range(60):
        steps, losses = history(seed, count=2 + seed % 9)
        rows, count = steps[-1], len(losses)
        state = begun("tensioner", count, direction=name, period=3, alpha=0.0)
        found = after(state, steps, losses)
        if name == "mean":
            require_close(found, rows.mean(0), rows, within=1e-12)
        else:
            assert np.array_equal(found, direction(begun(name, count), rows))
        assert state.summary() is None


def test_it_pulls_after_the_first_steps_and_keeps_norms_by_group_and_task():
    rows = gradients(1, count=3)
    state, plain = begun("tensioner", 3, period=2), direction(begun("central", 3), rows)
    for _ in range(2):
        assert np.array_equal(direction(state, rows), plain)
    assert not np.allclose(direction(state, rows), plain)
    assert np.array_equal(direction(state, rows, group=1), plain)  # the first step of another group
    fewer = begun("tensioner", 3, period=2)
    for _ in range(4):  # the third loss is absent
        direction(fewer, rows[:2], losses=[1.0, 1.0, 0.0], kept=(0, 1))
    assert np.array_equal(direction(fewer, rows), plain)  # it has one norm
    assert (fewer.pulled, fewer.kept) == (2, 0)


def test_the_factor_grows_with_the_loss_and_with_the_gradient_within_its_bounds():
    assert tension_factor(1.0, 1.0, 0.3) == pytest.approx(0.85)
    for low, high in ((tension_factor(1, 1, 0.3), tension_factor(1, 3, 0.3)), (0.7, tension_factor(0.5, 1, 0.3))):
        assert low < high
    assert tension_factor(1.0, 1e-300, 0.3) == pytest.approx(0.7)
    assert tension_factor(1e9, 1e300, 0.3) == pytest.approx(1)


def test_a_pull_is_shortened_to_where_no_loss_rises():
    assert feasible_share(np.array([1.0, 2.0]), np.array([-0.5, 5.0])) == 1
    assert feasible_share(np.array([1.0, 2.0]), np.array([-4.0, -3.0])) == 0.25
    assert feasible_share(np.array([-1e-20, 2.0]), np.array([-4.0, 1.0])) == 0


def test_negative_and_zero_losses_pull_with_finite_factors():
    rows = gradients(2, count=2)
    state = begun("tensioner", 2, period=1)
    for losses in ([1.0, 1.0], [0.0, -2.0], [-1.0, 5.0], [0.0, 0.0]):
        assert np.isfinite(direction(state, rows, losses)).all()
    assert state.pulled + state.kept == 3


def test_a_direction_that_is_one_of_the_gradients_is_pulled_by_the_others():
    rows = np.array([[1.0, 0.0], [3.0, 1.0]])  # the min-norm direction is the first
    found = [direction(begun_one, rows) for begun_one in [begun("tensioner", 2, direction="min-norm", period=1)] * 2][
        -1
    ]
    assert found == pytest.approx(rows[0] + 0.85 * (rows[1] - rows[0]) / 5**0.5)


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_a_training_logs_what_it_did(executor, caplog):
    with caplog.at_level(logging.INFO, logger="valp.train"):
        balance = Balance(method="tensioner", settings={"period": 3})
        module = compile(figure_2(), seed=0)
        made = fit(module, *figure_2_rows(24), steps=10, batch=8, balance=balance, executor=executor)
    assert made.failure is None
    (said,) = [record.getMessage() for record in caplog.records if "task tensioner" in record.getMessage()]
    assert said.startswith("the task tensioner pulled 14 directions and shortened ")  # two groups, seven steps
    assert "mean length of a direction" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tensioner:alpha=1.5", r"tensioner:alpha must be a number in \[0, 1\], but is 1.5"),
        ("tensioner:period=0", r"tensioner:period must be a whole number in \[1, 10000\], but is 0"),
        ("tensioner:period=2.5", "period must be a whole number, but is '2.5'"),
        ("tensioner:direction=up", "direction must be one of central, min-norm, mean, but is up"),
        ("central:tension=0.3", "'central' must be left out, because it has none, but is 'tension'"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(text, said):
    with pytest.raises(SettingError, match=said):
        read_balance(text)


def test_its_defaults_are_those_of_the_thesis():
    assert completed(read_balance("tensioner")).settings == {"direction": "central", "alpha": 0.3, "period": 10}
