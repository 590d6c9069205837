"""The native executor: elementary functions, gradients compared with autograd, training compared with torch."""

import copy
import logging
import subprocess
import sys

import numpy as np
import pytest
import torch
from numba import vectorize

from tests.spaces.graphs import SHAPES, TINY, TINY_SPACE
from tests.spaces.graphs import random_graph as drawn_graph
from tests.valp.graphs import discrete, figure_2, numeric, samples, wired, with_part
from tests.valp.random_graphs import Builder
from valp.compile.compile import compile
from valp.errors import SettingError
from valp.graph.graph import Dense, Role
from valp.graph.vocabulary import ACTIVATIONS
from valp.parts.combiners import COMBINERS
from valp.parts.losses import LOSSES
from valp.spaces.generate.space import DEFAULT, PAPER
from valp.train.balance.fixed_beta import FixedBeta
from valp.train.balance.loss_reach import loss_reach
from valp.train.batches import Draws
from valp.train.fit import fit
from valp.train.native import elementary
from valp.train.native.executor import NativeExecutor
from valp.train.native.program import UnsupportedError
from valp.train.native.warm import prepare
from valp.train.schedule import Schedule

ROWS, BATCH = 60, 17


class MLPs(Builder):
    """Random graphs of MLPs alone, without batch normalisation."""

    add_c = add_t = add_r = Builder.add_g

    def words(self) -> dict:
        return super().words() | {"normalise": False}


def mlps(seeds):
    """Each seed's graph, except those with a critic."""
    graphs = ((seed, MLPs(seed).graph()) for seed in seeds)
    return ((seed, graph) for seed, graph in graphs if all(loss.kind != "adversarial" for loss in graph.losses))


def data(module, seed, rows=ROWS, weighted=0):
    """Inputs, truths and weights for a module; `weighted`: 0 without, 1 a number a row, 2 a number a variable."""
    generator = torch.Generator().manual_seed(seed)
    inputs = {name: torch.randn(rows, size, generator=generator) for name, size in module.plan.inputs.items()}
    truths, weights = {}, {}
    for term in module.plan.losses:
        values = torch.rand(rows, term.size, generator=generator)
        kind = LOSSES[term.kind].truth
        truths[term.truth] = values.argmax(1) if kind == "classes" else values.round() if kind == "labels" else values
        if weighted:
            shape = (rows,) if weighted == 1 else (rows, term.size)
            weights[term.truth] = torch.randint(4, shape, generator=generator).float() / 2
    return inputs, truths, weights


def native(module, tensors, draws):
    return NativeExecutor(module, *tensors, draws, Schedule(module, 1, 1e-3), FixedBeta(), {}, loss_reach(module.plan))


def compare(graph, seed, weighted):
    """Compares one step's terms and gradients with those of autograd in float64.

    Where autograd in float32 is itself further off than 1e-5, twice its error is allowed.
    """
    module = compile(graph, seed=seed)
    tensors = data(module, seed, weighted=weighted)
    draws = Draws(ROWS, BATCH, module.plan.noise, seed)
    rows, noise = draws.rows(), draws.noise()
    flat = torch.cat([torch.zeros(0), *(values.flatten() for values in noise.values())])
    terms, gradients = native(module, tensors, draws).gradients(rows, flat)
    x, y, w = ({name: tensor[rows] for name, tensor in part.items()} for part in tensors)
    exact = copy.deepcopy(module).double()
    total, _ = module.losses(x, y, noise, w)
    total.backward()
    x, y, w, noise = (
        {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in part.items()}
        for part in (x, y, w, noise)
    )
    total, expected = exact.losses(x, y, noise, w)
    total.backward()
    torch.testing.assert_close(torch.tensor(terms, dtype=torch.float64), expected.detach(), rtol=1e-5, atol=1e-5)
    learnt = {name: parameter.grad for name, parameter in exact.named_parameters() if parameter.grad is not None}
    greatest = max(float(gradient.norm()) for gradient in learnt.values())
    for name, gradient in learnt.items():
        norm = float(gradient.norm()) + 1e-7 * greatest
        single = module.get_parameter(name).grad.double()
        error, error_of_torch = (float((g - gradient).norm()) / norm for g in (gradients[name].double(), single))
        assert error <= max(1e-5, 2 * error_of_torch), (seed, name)
    for name in gradients.keys() - learnt.keys():
        assert not gradients[name].any()


def mapped(name, x):
    """An elementary function of every number of an array."""
    function = getattr(elementary, name)
    return vectorize(lambda value: function(value))(x)


@pytest.mark.parametrize(
    ("name", "low", "high", "reference"),
    [
        ("exp", -87, 88, np.exp),
        ("expm1", -87, 88, np.expm1),
        ("expm1", -1, 1, np.expm1),
        ("log1p", 0, 1, np.log1p),
        ("sigmoid", -80, 80, lambda x: 1 / (1 + np.exp(-x))),
        ("tanh", -20, 20, np.tanh),
        ("tanh", -1e-2, 1e-2, np.tanh),
        ("softplus", -80, 80, lambda x: np.logaddexp(0, x)),
    ],
)
def test_elementary_functions_are_right_to_a_millionth(name, low, high, reference):
    x = np.linspace(low, high, 200_001, dtype=np.float32)
    found, expected = mapped(name, x), reference(x.astype(np.float64))
    assert found.dtype == np.float32
    assert (np.abs(found - expected) <= 1e-6 * np.abs(expected)).all()


def test_expm1_is_infinite_above_its_range_as_exp_is():
    found = {name: mapped(name, np.array([88.4, 95, np.inf], np.float32)) for name in ("exp", "expm1")}
    assert (found["exp"] == np.inf).all()
    assert (found["expm1"] == np.inf).all()


@pytest.mark.parametrize("executor", ["native", "torch"])
def test_a_log_variance_that_float32_cannot_exponentiate_is_a_failure_of_both_executors(executor):
    graph = wired(
        [("code", "g", numeric(4), "concatenation"), ("paint", "d", samples(3), "concatenation")],
        [("i0", "code"), ("code", "paint", Role.LATENT), ("paint", "s")],
        [("s", samples(3))],
        [("gaussian", "s", "s"), ("kl", "code", None)],
    )
    module = compile(graph, seed=1)
    with torch.no_grad():
        module.layers["code-0"].bias[2:] = 95.0
    inputs, truths, _ = data(module, 1)
    made = fit(module, inputs, truths, steps=20, batch=BATCH, learning_rate=1e-3, executor=executor)
    assert made.failure is not None
    assert "not a finite number" in made.failure


def test_elementary_functions_are_right_at_infinities_and_nan():
    ends = np.array([-np.inf, -1e30, 1e30, np.inf, np.nan], np.float32)
    with np.errstate(invalid="ignore"):
        found = {name: mapped(name, ends) for name in ("exp", "sigmoid", "tanh", "softplus")}
    assert (found["exp"][:2] < 1e-37).all()
    assert (found["exp"][2:4] == np.inf).all()
    np.testing.assert_allclose(found["sigmoid"][:4], [0, 0, 1, 1], atol=1e-37)
    np.testing.assert_allclose(found["tanh"][:4], [-1, -1, 1, 1])
    np.testing.assert_allclose(found["softplus"][:4], [0, 0, 1e30, np.inf], atol=1e-37)
    assert all(np.isnan(values[4]) for values in found.values())


@pytest.mark.parametrize("space", [PAPER, DEFAULT], ids=lambda space: space.name)
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_of_graphs_of_algorithm_1_equal_those_of_autograd(space, shape):
    for seed in range(10):
        compare(drawn_graph(seed, SHAPES[shape], space), seed, seed % 3)


def test_gradients_of_random_mlps_equal_those_of_autograd():
    for seed, graph in mlps(range(60)):
        compare(graph, seed, seed % 3)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_gradients_of_many_graphs_equal_those_of_autograd():
    for seed, graph in mlps(range(100, 400)):
        compare(graph, seed, seed % 3)
    for seed in range(100, 350):
        compare(drawn_graph(seed, SHAPES["several"], DEFAULT if seed % 2 else PAPER), seed, seed % 3)


@pytest.mark.parametrize("combiner", COMBINERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_combiner_and_activation_has_the_gradients_of_autograd(combiner, activation):
    graph = wired(
        [("a", "g", numeric(5), "concatenation"), ("b", "g", numeric(7), "concatenation"),
         ("c", "g", numeric(3), combiner)],
        [("i0", "a"), ("i0", "b", Role.DATA, (4, 1)), ("i0", "c"), ("a", "c"), ("a", "b", Role.DATA, (3, 0, 2)),
         ("b", "c", Role.DATA, (6, 2, 0)), ("c", "o")],
        [("o", numeric(3))], [("mse", "o", "o"), ("huber", "c", "o")],
    )  # fmt: skip
    layers = (Dense(units=9, activation=activation), Dense(units=4, activation=activation))
    for place in range(3):
        graph = with_part(graph, "networks", place, layers=layers)
    compare(graph, 3, 0)


@pytest.mark.parametrize(
    ("loss", "unit", "kind"),
    [(code, samples(6) if code in ("gaussian", "bernoulli") else numeric(6), "g") for code in ("mse", "huber")]
    + [(code, samples(6), "g") for code in ("gaussian", "bernoulli")]
    + [(code, discrete(6), "delta") for code, loss in LOSSES.items() if loss.truth != "values"],
)
@pytest.mark.parametrize("weighted", [0, 1, 2])
def test_every_loss_has_the_gradients_of_autograd(loss, unit, kind, weighted):
    """With a latent connection for Samples."""
    name = "d" if unit.type == samples(1).type else kind
    role = Role.LATENT if name == "d" else Role.DATA
    graph = wired(
        [("a", "g", numeric(8), "concatenation"), ("b", name, unit, "concatenation")],
        [("i0", "a"), ("a", "b", role), ("b", "o")],
        [("o", unit)],
        [(loss, "o", "o"), *([("kl", "a", None)] if name == "d" else [])],
    )
    compare(graph, 5, weighted)


@pytest.mark.parametrize(("batch", "warmup", "decay"), [(1, 0.0, 0.5), (7, 0.0, 0.0), (7, 0.5, 1.0), (ROWS, 0.0, 0.0)])
def test_training_gives_the_same_as_with_torch(batch, warmup, decay):
    for seed in range(6):
        graph = drawn_graph(seed, TINY, TINY_SPACE)
        made, states = {}, {}
        for executor in ("torch", "native"):
            module = compile(graph, seed=seed)
            inputs, truths, weights = data(module, seed, weighted=seed % 3)
            schedule = {"steps": 50, "kl_warmup": warmup, "decay": decay}
            options = {"batch": batch, "seed": seed, "executor": executor}
            made[executor] = fit(module, inputs, truths, weights=weights, **schedule, **options)
            states[executor] = module.state_dict()
        assert made["native"].curves.names == made["torch"].curves.names
        assert made["native"].curves.steps == made["torch"].curves.steps
        assert made["native"].samples_seen == made["torch"].samples_seen
        np.testing.assert_allclose(made["native"].curves.values, made["torch"].curves.values, rtol=1e-4, atol=1e-5)
        for name, value in states["torch"].items():
            # Adam divides a gradient by its own size, and so enlarges the rounding of one that is nearly 0.
            torch.testing.assert_close(states["native"][name], value, rtol=1e-3, atol=5e-4)


def test_the_examples_and_the_noise_are_the_same():
    noise = {"a": 3, "b": 1, "c": 20}
    first, second = (Draws(ROWS, BATCH, noise, 4) for _ in range(2))
    flat = torch.zeros(BATCH * 24)
    for _ in range(9):
        assert torch.equal(first.rows(), second.rows())
        second.fill(flat)
        assert torch.equal(torch.cat([values.flatten() for values in first.noise().values()]), flat)


def test_a_seed_repeats_a_native_training_bit_for_bit():
    modules = [compile(figure_2(), seed=3) for _ in range(2)]
    tensors = data(modules[0], 1)[:2]
    first, second = (fit(module, *tensors, steps=300, batch=7, seed=5, executor="native") for module in modules)
    assert first.curves == second.curves
    assert all(torch.equal(a, b) for a, b in zip(modules[0].parameters(), modules[1].parameters(), strict=True))


def test_losses_that_are_not_finite_are_reported_alike():
    messages = []
    for executor in ("torch", "native"):
        module = compile(figure_2(), seed=3)
        inputs, truths, _ = data(module, 1)
        truths["o1"][4] = float("nan")
        made = fit(module, inputs, truths, steps=100, batch=ROWS, executor=executor)
        messages.append(made.failure)
        assert not module.training
    assert messages[0] == messages[1] == "the loss is not a finite number after 1 steps (total, mse:n3:o1)"


def unsupported():
    normalised = with_part(figure_2(), "networks", 0, layers=(Dense(units=8, normalise=True),))
    yield "batch normalisation", compile(normalised, seed=0), {}
    hooked = compile(figure_2(), seed=0)
    hooked.layers["n0-0"].register_forward_hook(lambda *_: None)
    yield "hooks", hooked, {}
    frozen = compile(figure_2(), seed=0)
    frozen.layers["n0-0"].weight.requires_grad_(False)
    yield "parameters that are not learned", frozen, {}
    yield "parameters on cpu of torch.float64", compile(figure_2(), seed=0).double(), {"dtype": torch.float64}


@pytest.mark.parametrize("reason", ["batch normalisation", "hooks", "parameters that", "parameters on cpu"])
def test_torch_trains_what_native_does_not_support(reason, caplog):
    (module, options), *_ = [(m, options) for said, m, options in unsupported() if said.startswith(reason)]
    inputs, truths, _ = data(module, 1)
    if "dtype" in options:
        inputs, truths = (
            {k: v.double() if v.is_floating_point() else v for k, v in p.items()} for p in (inputs, truths)
        )
    with caplog.at_level(logging.INFO, logger="valp.train.fit"):
        for _ in range(2):
            assert fit(module, inputs, truths, steps=3, batch=7, executor="auto").failure is None
    assert sum(reason in record.message for record in caplog.records) <= 1
    with pytest.raises(SettingError, match=f"the native executor cannot train this: {reason}"):
        fit(module, inputs, truths, steps=3, batch=7, executor="native")


@pytest.mark.heavy
def test_without_numba_torch_trains():
    script = """
import sys, logging
sys.modules["numba"] = None
logging.basicConfig(level=logging.INFO)
from tests.valp.graphs import figure_2
from valp.compile.compile import compile
from valp.train.fit import fit
import torch
truths = {"o0": torch.rand(9, 5), "o1": torch.rand(9, 1), "o2": torch.arange(9) % 3}
for _ in range(2):
    made = fit(compile(figure_2()), {"i0": torch.rand(9, 10)}, truths, steps=3, batch=4, executor="auto")
    assert made.failure is None
"""
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert made.stderr.count("trained by torch: ModuleNotFoundError: import of numba halted") == 1


def test_a_class_out_of_range_is_left_to_torch():
    module = compile(figure_2(), seed=0)
    inputs, truths, _ = data(module, 1)
    truths["o2"][3] = 3
    draws = Draws(ROWS, BATCH, module.plan.noise, 0)
    with pytest.raises(UnsupportedError, match="classes out of range"):
        native(module, (inputs, truths, {}), draws)


def test_an_unknown_executor_is_refused():
    module = compile(figure_2(), seed=0)
    with pytest.raises(SettingError, match="the executor must be one of auto, torch, native, but is 'fast'"):
        fit(module, *data(module, 1)[:2], steps=3, executor="fast")


def test_preparing_a_second_time_takes_no_time():
    prepare()
    assert prepare() < 1
