"""Stochastic gradient descent: the formula, and both executors alike."""

import pytest
import torch

from tests.valp.graphs import figure_2, numeric, wired
from tests.valp.train.test_native import data
from valp.compile.compile import compile
from valp.errors import SettingError
from valp.train.balance import read_balance
from valp.train.fit import fit
from valp.train.optimizer import MOMENTUM


@pytest.mark.parametrize("method", ["fixed", "uncertainty", "min-norm", "tensioner:period=3"])
def test_both_executors_descend_alike(method):
    states = []
    for executor in ("torch", "native"):
        module = compile(figure_2(), seed=3)
        inputs, truths, _ = data(module, 1)
        made = fit(
            module, inputs, truths, steps=12, batch=7, learning_rate=0.05, decay=0.5, executor=executor,
            optimizer="sgd", balance=read_balance(method),
        )  # fmt: skip
        assert made.failure is None
        states.append(module.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_steps_go_against_the_gradient_with_momentum(executor):
    graph = wired(
        [("n", "g", numeric(4), "concatenation")], [("i0", "n"), ("n", "o")], [("o", numeric(4))], [("mse", "o", "o")]
    )
    rate, module = 0.1, compile(graph, seed=3)
    inputs, truths, _ = data(module, 1, rows=7)  # each batch has all rows
    expected = {name: value.detach().clone() for name, value in module.named_parameters()}
    speeds = {name: torch.zeros_like(value) for name, value in expected.items()}
    for _ in range(3):
        other = compile(graph, seed=3)
        other.load_state_dict(expected)
        total, _ = other.losses(inputs, truths, {}, {})
        total.backward()
        for name, parameter in other.named_parameters():
            speeds[name] = MOMENTUM * speeds[name] + parameter.grad
            expected[name] = expected[name] - rate * speeds[name]
    fit(module, inputs, truths, steps=3, batch=7, learning_rate=rate, executor=executor, optimizer="sgd")
    for name, value in module.named_parameters():
        torch.testing.assert_close(value.detach(), expected[name], rtol=1e-4, atol=1e-6)


def test_an_unknown_optimizer_is_refused():
    module = compile(figure_2(), seed=0)
    inputs, truths, _ = data(module, 1)
    with pytest.raises(SettingError, match="the optimiser must be one of adam, sgd, but is 'rmsprop'"):
        fit(module, inputs, truths, steps=1, optimizer="rmsprop")
