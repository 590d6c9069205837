"""Single-task networks that are drawn from a space."""

import numpy as np
import pytest
import torch

from valp.check.check import check
from valp.compile.compile import compile
from valp.graph.graph import Convolution, Dense
from valp.parts.kinds import KINDS
from valp.spaces.baselines.baselines import FEWEST, MOST, TRIED_FIRST, networks
from valp.spaces.baselines.drawn_network import drawn_network
from valp.spaces.candidate import Training
from valp.spaces.generate.space import DEFAULT, SPACES
from valp.spaces.problem.problem import Problem, discrete, features, labels, numeric, samples

ROWS = 60


@pytest.fixture(scope="module")
def problem():
    rows = np.random.default_rng(0).random((ROWS, 6))
    return Problem.from_arrays(
        "several",
        inputs={"x": numeric(rows), "f": features(rows.reshape(-1, 2, 3))},
        outputs={
            "y": numeric(rows[:, :1]),
            "c": discrete(np.arange(ROWS) % 3),
            "l": labels(rows[:, :2] > 0.5),
            "s": samples(rows, loss="bernoulli"),
            "f2": features(rows.reshape(-1, 2, 3)),
        },
    )


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("output", ["y", "c", "l", "s", "f2"])
def test_they_are_valps_within_the_ranges_of_the_space(space, output, problem):
    training = Training(steps=200, batch=20)
    seen = set()
    for seed in range(30):
        candidate = drawn_network(problem, output, space, training, f"{seed}")
        assert check(candidate.graph).violations == ()
        for network in candidate.graph.networks:
            layers = network.layers
            if KINDS[network.kind].layer is Dense:
                assert space.hidden_layers[0] <= len(layers) <= space.hidden_layers[1]
                assert all(space.units[0] <= layer.units <= space.units[1] for layer in layers)
            if isinstance(layers[0], Convolution):
                assert space.convolutions[0] <= len(layers) - 1 <= space.convolutions[1]
            seen.add(layers)
        low, high = space.learning_rate
        assert low <= candidate.training.learning_rate <= high
        assert abs(candidate.training.steps * candidate.training.batch - 4000) <= candidate.training.batch
    assert len(seen) > 10
    module = compile(candidate.graph, seed=0)
    split = problem.train.take(torch.arange(4))
    assert module(split.inputs, "predict")[output].shape[0] == 4


def test_the_same_seed_draws_the_same_network(problem):
    one, same, other = (drawn_network(problem, "s", DEFAULT, Training(), seed) for seed in ("a", "a", "b"))
    assert one == same
    assert one != other


@pytest.mark.parametrize(("candidates", "count"), [(1, FEWEST), (24, 4), (60, 10), (1000, MOST)])
def test_drawn_networks_are_a_sixth_of_the_candidates(candidates, count, problem):
    made = [*networks(problem, DEFAULT, Training(), 0, candidates, "tuned")]
    count += TRIED_FIRST
    assert len(made) == 5 * count
    codes = [one.code for one in made if one.output == "y"]
    assert codes == ["network", *(f"tuned-{number}" for number in range(1, count))]
    assert [one.code for one in networks(problem, DEFAULT, Training(), 0, candidates, "quick")] == ["network"] * 5
    assert [*networks(problem, DEFAULT, Training(), 0, candidates, "none")] == []
