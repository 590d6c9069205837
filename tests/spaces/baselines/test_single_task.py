"""The usual single-task networks of a problem."""

import numpy as np
import pytest
import torch

from valp.check.check import check
from valp.compile.compile import compile
from valp.graph.graph import Role
from valp.spaces.baselines.baselines import networks
from valp.spaces.baselines.single_task import WIDE, WIDE_DECAY, single_task
from valp.spaces.candidate import Training
from valp.spaces.generate.space import DEFAULT
from valp.spaces.problem.problem import Problem, discrete, features, labels, numeric, samples
from valp.train.fit import fit

ROWS = 60


@pytest.fixture(scope="module")
def problem():
    rows = np.random.default_rng(0).random((ROWS, 6))
    return Problem.from_arrays(
        "several",
        inputs={
            "x": numeric(rows, scale="none"),
            "k": discrete(np.arange(ROWS) % 4),
            "f": features(rows.reshape(-1, 2, 3), scale="none"),
        },
        outputs={
            "y": numeric(rows[:, :1], scale="none"),
            "z": numeric(rows[:, 1:4], scale="none", loss=["mse", "huber"]),
            "c": discrete(np.arange(ROWS) % 3),
            "l": labels(rows[:, :2] > 0.5),
            "s": samples(rows, loss="bernoulli"),
            "t": samples(rows[:, :5], scale="none"),
        },
    )


@pytest.mark.parametrize("name", ["y", "z", "c", "l", "s", "t"])
def test_a_baseline_is_a_valp_that_learns(problem, name):
    graph = single_task(problem, name)
    assert check(graph).violations == check(graph).notes == ()
    module = compile(graph, seed=1)
    split = problem.train
    made = fit(module, split.inputs, {name: split.truths[name]}, steps=150, batch=20, learning_rate=0.01)
    assert made.failure is None
    assert made.curves.values[-1][0] < made.curves.values[0][0]
    assert module(split.inputs, "predict")[name].shape == (len(split), graph.outputs[0].unit.size)


@pytest.mark.parametrize("name", ["y", "z", "c", "l", "s", "t"])
def test_a_baseline_reads_every_input_whole_and_has_one_hidden_layer_of_100_relu(problem, name):
    graph = single_task(problem, name)
    assert all(connection.indices is None for connection in graph.connections)
    first = graph.networks[0].name
    assert [c.source for c in graph.incoming(first)] == ["x", "k", "f"]
    for network in graph.networks:
        (layer,) = network.layers
        assert (layer.units, layer.activation) == (100, "relu")


@pytest.mark.parametrize(("name", "kind"), [("y", "g"), ("z", "g"), ("c", "delta"), ("l", "delta")])
def test_a_prediction_is_learnt_by_one_network(problem, name, kind):
    graph = single_task(problem, name)
    assert [network.kind for network in graph.networks] == [kind]
    assert [loss.kind for loss in graph.losses] == list(problem.losses[name])


@pytest.mark.parametrize("name", ["s", "t"])
def test_samples_are_learnt_by_a_vae(problem, name):
    graph = single_task(problem, name)
    assert [network.kind for network in graph.networks] == ["g", "d"]
    assert [c.role for c in graph.incoming("decoder")] == [Role.LATENT]
    assert [loss.kind for loss in graph.losses] == [*problem.losses[name], "kl"]
    module = compile(graph, seed=1)
    assert module.plan.inputs_of(name, "generate") == frozenset()
    noise = {connection: torch.randn(4, k) for connection, k in module.plan.noise.items()}
    assert module({}, "generate", noise)[name].shape == (4, graph.outputs[0].unit.size)


def test_networks_without_dense_layers_are_not_trained_twice():
    pictures = np.random.default_rng(0).random((ROWS, 1, 3, 3))
    found = Problem.from_arrays("f", inputs={"f": features(pictures)}, outputs={"g": features(pictures)})
    both = [one.candidate for one in networks(found, DEFAULT, Training(steps=5, decay=WIDE_DECAY), 0, 24, "tuned")][:2]
    assert both[0].graph == single_task(found, "g", WIDE)
    assert both[1] != both[0]
