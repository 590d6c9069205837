"""Directions in the hull of the gradients: closed forms, a library's quadratic program, groups of parameters."""

import numpy as np
import pytest
import torch

from tests.valp.graphs import figure_2, numeric, wired
from tests.valp.random_graphs import Builder
from tests.valp.train.gradient_rows import (
    CPU,
    begun,
    direction,
    expected_direction,
    gradients,
    require_close,
    two_closed_forms,
)
from valp.compile.compile import compile
from valp.train.balance import BALANCERS, Balance, completed
from valp.train.balance.balancer import LossStep
from valp.train.balance.loss_reach import loss_reach
from valp.train.balance.nearest_point import nearest_point
from valp.train.combined_gradients import CombinedGradients, parameters_of
from valp.train.fit import fit

TASKS = range(3, 11)


CASES = 1000


@pytest.mark.parametrize("method", ["min-norm", "central"])
def test_directions_of_two_tasks_are_the_closed_forms(method):
    state = begun(method, 2)
    for seed in range(CASES):
        rows = gradients(seed, count=2)
        require_close(direction(state, rows), two_closed_forms(rows)[method], rows)


@pytest.mark.parametrize("method", ["min-norm", "central"])
def test_directions_of_three_to_ten_tasks_are_those_of_a_quadratic_program(method):
    counts = set()
    for seed in range(CASES):
        rows = gradients(seed)
        found = direction(begun(method, len(rows)), rows)
        require_close(found, expected_direction(method, rows), rows)
        assert (rows @ found).min() >= -1e-9 * (rows**2).sum(1).max()  # no task's loss rises along −v
        counts.add(len(rows))
    assert counts == {*TASKS}


def test_min_norm_is_what_the_steps_of_torchjd_approach():
    """For two tasks the first Frank-Wolfe step is exact. For more, TorchJD's vector is longer, and gets near."""
    aggregation = pytest.importorskip("torchjd.aggregation")
    few, many = (aggregation.MGDA(epsilon=1e-12, max_iters=count) for count in (30, 300))
    state = begun("min-norm", 2)
    for seed in range(100):
        rows = gradients(seed, count=2)
        require_close(direction(state, rows), few(torch.as_tensor(rows)).numpy(), rows)
    for seed in range(12):
        rows = gradients(seed)
        found, longest = direction(begun("min-norm", len(rows)), rows), np.linalg.norm(rows, axis=1).max()
        near, nearer = (one(torch.as_tensor(rows)).numpy() for one in (few, many))
        assert np.linalg.norm(found) <= np.linalg.norm(nearer) * (1 + 1e-9) + 1e-12
        assert np.linalg.norm(nearer - found) <= max(0.9 * np.linalg.norm(near - found), 1e-6 * longest)
        assert np.linalg.norm(nearer - found) <= 0.02 * longest


@pytest.mark.parametrize("spread", [6, 12, 14, 16, 18])
def test_the_nearest_point_is_optimal_for_gradients_of_very_different_lengths(spread):
    generator = np.random.default_rng(0)
    for count in [*TASKS] * 20:
        exponents = generator.uniform(-spread / 2, spread / 2, size=(count, 1))
        points = generator.normal(size=(count, 6)) * 10**exponents
        k = nearest_point(points)
        v, lengths = k @ points, np.linalg.norm(points, axis=1)
        assert k.min() >= 0
        assert k.sum() == pytest.approx(1)
        slack = points @ v - v @ v
        assert (slack >= -1e-6 * np.linalg.norm(v) * lengths - 1e-12 * lengths.min() * lengths).all()


@pytest.mark.parametrize("scale", [1e-25, 1e-22, 1e18, 1e25])
@pytest.mark.parametrize("method", ["min-norm", "central"])
def test_gradients_whose_squares_are_no_float_of_32_bits_have_the_same_direction(method, scale):
    rows = gradients(5, count=4)
    found = direction(begun(method, 4), (rows * scale).astype(np.float32)).astype(np.float64) / scale
    require_close(found, direction(begun(method, 4), rows), rows, within=1e-5)


def test_a_very_short_gradient_is_still_a_task():
    rows = np.array([[1.0, 0.0], [0.0, 1e-24]], np.float32)
    assert direction(begun("min-norm", 2), rows) == pytest.approx([0.0, 1e-24], rel=1e-5)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[1.0, 0.0], [1.0, 0.0]], [1.0, 0.0]),  # the same gradient twice
        ([[1.0, 0.0], [3.0, 0.0]], [1.0, 0.0]),  # one is a multiple of the other
        ([[2.0, 0.0], [-1.0, 0.0]], [0.0, 0.0]),  # opposed: no direction lowers both
        ([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.1]], [0.0, 0.0]),
        ([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]], [1.92, 1.44, 0.0]),
    ],
)
def test_min_norm_of_special_gradients(rows, expected):
    assert direction(begun("min-norm", len(rows)), np.array(rows)) == pytest.approx(expected, abs=1e-7)


HULL = ["min-norm", "central"]


@pytest.mark.parametrize("method", HULL)
def test_a_zero_gradient_does_not_stop_the_others(method):
    rows = np.array([[1.0, 2.0], [0.0, 0.0], [2.0, -0.5]])
    alone = direction(begun(method, 2), rows[[0, 2]])
    assert direction(begun(method, 3), rows) == pytest.approx(alone)
    assert np.linalg.norm(alone) > 0.1
    assert direction(begun(method, 2), rows[:2]) == pytest.approx(rows[0])


@pytest.mark.parametrize("method", HULL)
def test_a_loss_that_is_absent_is_absent_from_the_direction(method):
    rows = gradients(3, count=4)
    state = begun(method, 4)
    some = direction(state, rows[[0, 3]], losses=[1.0, 0.0, 0.0, 1.0], kept=(0, 3))
    require_close(some, two_closed_forms(rows[[0, 3]])[method], rows)


@pytest.mark.parametrize("method", HULL)
def test_kl_losses_are_no_tasks_and_keep_their_share(method):
    """Two tasks and a KL loss: its gradient is added with the mean weight of the tasks."""
    rows = gradients(5, count=3)
    found = direction(begun(method, 3, divergent=(2,)), rows)
    require_close(found, two_closed_forms(rows[:2])[method] + rows[2] / 2, rows)
    one_task = direction(begun(method, 3, divergent=(1, 2)), rows)
    require_close(one_task, rows.sum(0), rows)  # fixed β
    none = direction(begun(method, 3, divergent=(0, 1, 2)), rows)
    require_close(none, rows.sum(0), rows)


@pytest.mark.parametrize("method", HULL)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_reaches_the_parameters(method, value):
    rows = np.array([[1.0, 2.0], [value, 1.0], [0.5, 0.5]])
    assert not np.isfinite(direction(begun(method, 3), rows)).all()


@pytest.mark.parametrize("method", HULL)
def test_a_loss_that_is_not_a_number_ends_the_training(method):
    x, y = figure_2_data()
    y["o1"] = torch.full_like(y["o1"], float("nan"))
    made = fit(compile(figure_2(), seed=0), x, y, steps=3, batch=8, balance=Balance(method=method))
    assert made.failure is not None
    assert "not a finite number after 1 steps" in made.failure


def figure_2_data(rows=24):
    generator = torch.Generator().manual_seed(0)
    truths = {"o0": torch.rand(rows, 5, generator=generator), "o1": torch.rand(rows, 1, generator=generator)}
    return {"i0": torch.randn(rows, 10, generator=generator)}, truths | {"o2": torch.arange(rows) % 3}


# Groups of parameters


def two_branches():
    """A trunk, a middle network of the losses b and c, and three heads."""
    heads = [("a", "oa"), ("b", "ob"), ("c", "oc")]
    names = (("trunk", 4), ("middle", 3), ("a", 2), ("b", 2), ("c", 1))
    return wired(
        [(name, "g", numeric(size), "concatenation") for name, size in names],
        [("i0", "trunk"), ("trunk", "a"), ("trunk", "middle"), ("middle", "b"), ("middle", "c"), *heads],
        [("oa", numeric(2)), ("ob", numeric(2)), ("oc", numeric(1))],
        [("mse", "oa", "oa"), ("mse", "ob", "ob"), ("mse", "oc", "oc")],
        inputs=[("i0", 5)],
    )


@pytest.mark.parametrize("method", HULL)
def test_gradients_are_combined_by_group_as_in_a_network_by_hand(method):
    """trunk → a, trunk → middle → b, middle → c: the trunk has three tasks, the middle two, each head its own."""
    module = compile(two_branches(), seed=1).double()
    generator = torch.Generator().manual_seed(0)
    x, *truths = (torch.randn(16, size, generator=generator, dtype=torch.float64) for size in (5, 2, 2, 1))
    layers = {name: module.layers[f"{name}-0"] for name in ("trunk", "middle", "a", "b", "c")}
    own = {
        name: [torch.nn.Parameter(part.detach().clone()) for part in (layer.weight, layer.bias)]
        for name, layer in layers.items()
    }

    def through(name, values):
        return torch.nn.functional.linear(values, *own[name])

    trunk = through("trunk", x)
    middle = through("middle", trunk)
    predictions = through("a", trunk), through("b", middle), through("c", middle)
    losses = [((found - truth) ** 2).mean() for found, truth in zip(predictions, truths, strict=True)]

    def flat(loss, name):
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, own[name], retain_graph=True)]).numpy()

    rows = np.stack([flat(loss, "trunk") for loss in losses])
    by_hand = {
        "trunk": expected_direction(method, rows),
        "middle": expected_direction(method, np.stack([flat(loss, "middle") for loss in losses[1:]])),
        **{name: flat(loss, name) for name, loss in zip("abc", losses, strict=True)},
    }
    reach = loss_reach(module.plan)
    row = BALANCERS[method]
    state = row.begin(reach, completed(Balance(method=method)).settings, CPU)
    terms = module.terms({"i0": x}, dict(zip(("oa", "ob", "oc"), truths, strict=True)))
    CombinedGradients(module, reach, state)(LossStep(terms, module.betas.double(), lambda: torch.tensor([True] * 3)))
    assert module.betas.tolist() == [1, 1, 1]
    for name, layer in layers.items():
        found = torch.cat([layer.weight.grad.flatten(), layer.bias.grad.flatten()]).numpy()
        assert found == pytest.approx(by_hand[name], rel=1e-9, abs=1e-7 if name == "trunk" else 1e-12)


@pytest.mark.parametrize("method", HULL)
def test_random_graphs_get_a_gradient_by_every_group_that_no_task_objects_to(method):
    """In each group ∇_m·v ≥ 0 for all tasks m, as autograd finds the gradients ∇_m."""
    for seed in range(4):
        module = compile(Builder(seed).graph(), seed=seed)
        plan, reach = module.plan, loss_reach(module.plan)
        generator = torch.Generator().manual_seed(seed)
        x = {name: torch.randn(16, size, generator=generator) for name, size in plan.inputs.items()}
        losses = supervised(module, x)
        count = len(losses)
        state = BALANCERS[method].begin(reach, completed(Balance(method=method)).settings, CPU)
        betas = module.betas * torch.tensor([not divergent for divergent in reach.divergent])
        present = [i < count for i in range(len(betas))]
        terms = torch.cat([losses, torch.zeros(len(betas) - count)])
        CombinedGradients(module, reach, state)(LossStep(terms, betas, lambda there=present: torch.tensor(there)))
        for group in reach.groups:
            parameters = parameters_of(module, group)
            tasks = [loss for loss in group.losses if present[loss]]
            for loss in tasks:
                own = torch.autograd.grad(losses[loss], parameters, retain_graph=True, materialize_grads=True)
                products = [(p.grad * g).sum() for p, g in zip(parameters, own, strict=True)]
                size = sum(g.norm() ** 2 for g in own).sqrt() * sum(p.grad.norm() ** 2 for p in parameters).sqrt()
                assert sum(products) >= -1e-5 * size


def supervised(module, x):
    """A loss for each supervised term: the mean square of its prediction."""
    plan = module.plan
    values = module.run(x, {op.out for op in plan.operations}, "train", None)
    return torch.stack([(values[term.prediction] ** 2).mean() for term in plan.losses])
