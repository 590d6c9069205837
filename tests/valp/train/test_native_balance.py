"""The native executor with balancing methods that need the losses of a step: compared with the torch executor."""

import pytest
import torch

from tests.valp.graphs import figure_2, figure_2_rows, numeric, replaced, wired
from tests.valp.train.test_balance import or_skipped
from tests.valp.train.test_native import data, mlps
from valp.check.check import check
from valp.compile.compile import compile
from valp.errors import SettingError
from valp.graph.graph import Dense
from valp.train.balance import BALANCERS, NATIVE, Balance, ScheduledBalancer, read_balance
from valp.train.balance.torchjd_methods import TorchJDMethod
from valp.train.fit import fit

SETTINGS = {"uncertainty": ":rate=10", "dwa": ":period=3", "tensioner": ":period=3"}
"""Settings with which the methods do something within a few steps."""

NEEDING_LOSSES = [
    method
    for method in BALANCERS
    if isinstance(row := BALANCERS[method], NATIVE) and not isinstance(row, ScheduledBalancer)
]


def some_labels_missing(weights, seed):
    """Removes most labels of the first output, so that many batches have none."""
    generator = torch.Generator().manual_seed(seed)
    for name in list(weights)[:1]:
        weights[name] = weights[name] * (torch.rand(weights[name].shape[:1], generator=generator) < 0.08).reshape(
            -1, *[1] * (weights[name].ndim - 1)
        )


def both(graph, balance, seed, steps, weighted=0, scale=1):
    """The parameters after a training by each executor, and the curves. Numbers to be predicted are scaled."""
    found = []
    for executor in ("torch", "native"):
        module = compile(graph, seed=seed)
        inputs, truths, weights = data(module, seed, weighted=weighted)
        some_labels_missing(weights, seed)
        truths = {name: scale * values if values.is_floating_point() else values for name, values in truths.items()}
        made = fit(
            module, inputs, truths, weights=weights, steps=steps, batch=7, kl_warmup=0.4, decay=0.3,
            learning_rate=3e-3, seed=seed, executor=executor, balance=balance,
        )  # fmt: skip
        assert made.failure is None
        found.append((module.state_dict(), torch.tensor(made.curves.values)))
    return found


def require_equal(found):
    (torch_state, torch_curves), (native_state, native_curves) = found
    torch.testing.assert_close(native_curves, torch_curves, rtol=1e-3, atol=1e-4)
    for name, value in torch_state.items():
        torch.testing.assert_close(native_state[name], value, rtol=1e-3, atol=2e-4, msg=lambda m, n=name: f"{n}: {m}")


def own_and_shared():
    """Networks that all losses, some losses or one loss reach, two losses of one prediction, and a loss with β = 0."""
    graph = wired(
        [
            (name, "g", numeric(size), "concatenation")
            for name, size in (("t", 5), ("u", 4), ("a", 3), ("b", 2), ("c", 2))
        ],
        [
            ("i0", "t"),
            ("t", "u"),
            ("u", "a"),
            ("u", "b"),
            ("t", "b"),
            ("t", "c"),
            ("c", "oc"),
            ("a", "oa"),
            ("b", "ob"),
        ],
        [("oa", numeric(3)), ("ob", numeric(2)), ("oc", numeric(2))],
        [("mse", "oa", "oa"), ("huber", "oa", "oa"), ("mse", "ob", "ob"), ("mse", "oc", "oc"), ("mse", "b", "ob")],
    )
    betas = (2.0, 0.5, 1.0, 0.2, 0.0)
    losses = [loss.model_copy(update={"beta": beta}) for loss, beta in zip(graph.losses, betas, strict=True)]
    return replaced(graph, losses=tuple(losses))


def distinct(seed):
    """A random graph of MLPs with one loss for each truth; None if it has a critic, or networks without a loss.

    Two losses with one truth, such as mse and huber, can have parallel gradients. The nearest point of two parallel
    unit vectors is not unique, and rounding decides.
    """
    for _, graph in mlps([seed]):
        kept = {(loss.truth or loss.prediction, loss.kind == "kl"): loss for loss in graph.losses}
        graph = replaced(graph, losses=tuple(kept.values()))
        return graph if check(graph).passed else None
    return None


@pytest.mark.parametrize("method", or_skipped(NEEDING_LOSSES))
def test_both_executors_train_alike_with_a_method(method):
    """Networks of their own and shared ones, KL losses, and outputs without labels in many batches."""
    balance = read_balance(method + SETTINGS.get(method, ""))
    steps = 3 if isinstance(BALANCERS[method], TorchJDMethod) else 12
    require_equal(both(figure_2(), balance, 0, steps))
    require_equal(both(own_and_shared(), balance, 1, steps, weighted=1, scale=9))
    seed = 7 + NEEDING_LOSSES.index(method) % 3
    require_equal(both(distinct(seed), balance, seed, steps, weighted=2))


@pytest.mark.slow
@pytest.mark.parametrize("method", [m for m in NEEDING_LOSSES if not isinstance(BALANCERS[m], TorchJDMethod)])
def test_both_executors_train_many_graphs_alike(method):
    balance = read_balance(method + SETTINGS.get(method, ""))
    compared = 0
    for seed in range(100, 140):
        graph = distinct(seed)
        if graph is not None:
            compared += 1
            require_equal(both(graph, balance, seed, 20, weighted=seed % 3))
    assert compared >= 5


def test_auto_trains_a_graph_that_native_does_not_support_by_torch_with_any_method():
    """Batch normalisation needs torch; native says so in one sentence."""
    graph = figure_2()
    network = graph.networks[0].model_copy(update={"layers": (Dense(units=8, normalise=True),)})
    graph = replaced(graph, networks=(network, *graph.networks[1:]))
    for method in ("fixed", "dwa", "min-norm"):
        module = compile(graph, seed=0)
        assert fit(module, *figure_2_rows(24), steps=2, batch=8, balance=Balance(method=method)).failure is None
        with pytest.raises(SettingError, match=r"^the native executor cannot train this: batch normalisation$"):
            fit(module, *figure_2_rows(24), steps=2, executor="native", balance=Balance(method=method))


def test_auto_trains_by_torch_with_a_method_that_native_does_not_support():
    states = []
    for executor in ("auto", "torch"):
        module = compile(figure_2(), seed=0)
        fit(module, *figure_2_rows(24), steps=5, batch=8, executor=executor, balance=Balance(method="mgda-ub"))
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    with pytest.raises(SettingError, match=r"^the native executor cannot train this: the balancing method 'mgda-ub'$"):
        fit(module, *figure_2_rows(24), steps=5, executor="native", balance=Balance(method="mgda-ub"))
