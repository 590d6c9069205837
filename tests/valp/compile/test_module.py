"""The compiled module: noise, modes, missing inputs, seeds and state."""

import math

import pytest
import torch

from tests.valp.graphs import class_conditioned, figure_2, numeric, two_decoders, wired, with_part
from valp.compile.compile import compile
from valp.graph.graph import Dense
from valp.plan.plan import MODES

BATCH = 11


@pytest.fixture
def batch():
    return {"data": torch.randn(BATCH, 10, generator=torch.Generator().manual_seed(7))}


def test_predicting_uses_no_noise(batch):
    module = compile(figure_2(), seed=3)
    state = torch.get_rng_state()
    first, second = (module({"i0": batch["data"]}, "predict") for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("mode", ["train", "generate"])
def test_noise_that_is_not_given_is_drawn(batch, mode):
    module = compile(figure_2(), seed=3)
    torch.manual_seed(5)
    first, second = (module({"i0": batch["data"]}, mode)["o0"] for _ in range(2))
    assert not torch.equal(first, second)
    torch.manual_seed(5)
    epsilon = torch.randn(BATCH, 3)
    torch.testing.assert_close(module({"i0": batch["data"]}, mode, {"n0->n4": epsilon})["o0"], first)


def test_generating_needs_no_inputs_where_noise_is_given():
    module = compile(figure_2(), seed=3)
    noise = {"n0->n4": torch.randn(4, 3)}
    assert module({}, "generate", noise, outputs=["o0"])["o0"].shape == (4, 5)
    torch.testing.assert_close(
        module({}, "generate", noise, outputs=["o0"])["o0"],
        module({"i0": torch.randn(4, 10)}, "generate", noise)["o0"],
    )


def test_a_given_class_replaces_its_prediction_when_generating():
    module = compile(class_conditioned(), seed=3)
    assert module.plan.inputs_of("o0", "generate") == {"o2"}
    assert module.plan.inputs_of("o0", "predict") == {"i0"}
    noise = {"n0->n4": torch.randn(4, 3)}
    numbers = torch.tensor([0, 1, 2, 1])
    made = module({"o2": numbers}, "generate", noise, ["o0"])["o0"]
    torch.testing.assert_close(made, module({"o2": torch.eye(3)[numbers]}, "generate", noise, ["o0"])["o0"])
    data = {"i0": torch.randn(4, 10), "o2": numbers}
    torch.testing.assert_close(module(data, "generate", noise, ["o0"])["o0"], made)
    swapped = module({"o2": numbers.flip(0)}, "generate", noise, ["o0"])["o0"]
    assert not torch.allclose(swapped, made)


def test_a_class_that_is_not_given_is_predicted():
    module, free = (compile(class_conditioned().model_copy(update={"given": given}), seed=3) for given in (("o2",), ()))
    noise, data = {"n0->n4": torch.randn(4, 3)}, {"i0": torch.randn(4, 10)}
    torch.testing.assert_close(module(data, "generate", noise), free(data, "generate", noise))
    assert free.plan.inputs_of("o0", "generate") == {"i0"}


@pytest.mark.parametrize("mode", ["train", "predict"])
def test_a_given_class_counts_only_when_generating(mode):
    module, noise = compile(class_conditioned(), seed=3), {"n0->n4": torch.zeros(4, 3)}
    data = {"i0": torch.randn(4, 10)}
    given = module({**data, "o2": torch.tensor([0, 1, 2, 1])}, mode, noise)
    torch.testing.assert_close(given, module(data, mode, noise))


def test_noise_of_one_latent_connection_gives_the_batch_size_of_the_others():
    module = compile(two_decoders("gaussian"), seed=3)
    assert module({}, "generate", {"a->d": torch.randn(4, 2)})["o0"].shape == (4, 5)


def test_generating_from_nothing_names_the_noise_it_needs():
    module = compile(figure_2(), seed=3)
    with pytest.raises(ValueError, match=r"noise of shape \(batch, 3\) for n0->n4"):
        module({}, "generate", outputs=["o0"])


@pytest.mark.parametrize("mode", MODES)
def test_a_missing_input_is_named(mode):
    module = compile(figure_2(), seed=3)
    with pytest.raises(ValueError, match="the model needs input 'i0'"):
        module({}, mode, {"n0->n4": torch.randn(4, 3)})


def test_an_unknown_output_is_named():
    module = compile(figure_2(), seed=3)
    with pytest.raises(ValueError, match="the outputs are o0, o1, o2, but got o9"):
        module({"i0": torch.randn(4, 10)}, outputs=["o1", "o9"])


def test_only_the_requested_outputs_are_computed(batch):
    module = compile(figure_2(), seed=3)
    assert module({"i0": batch["data"]}, outputs=["o1"]).keys() == {"o1"}
    layers = {op.layer for op in module.operations(["n3"], "predict") if hasattr(op, "layer")}
    assert layers == {"n0-0", "n0-1", "n1-0", "n1-1", "n3-0", "n3-1"}


def test_a_seed_gives_the_same_weights_whatever_torch_drew_before():
    first = compile(figure_2(), seed=3).state_dict()
    torch.rand(3)
    second, other = compile(figure_2(), seed=3).state_dict(), compile(figure_2(), seed=4).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_seed_leaves_torchs_generator_alone():
    state = torch.get_rng_state()
    compile(figure_2(), seed=3)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("initializer", ["xavier", "uniform", "normal"])
def test_an_initialiser_draws_weights_from_its_distribution_and_zero_biases(initializer):
    layers = (Dense(units=300, initializer=initializer), Dense(units=200, initializer=initializer))
    network = ("a", "g", numeric(100), "concatenation")
    graph = wired([network], [("i0", "a"), ("a", "o0")], [("o0", numeric(100))], [("mse", "o0", "o0")])
    module = compile(with_part(graph, "networks", 0, layers=layers, initializer=initializer), seed=0)
    for layer in list(module.layers.values())[1:]:
        weight = layer.weight.detach()
        bound = {"xavier": math.sqrt(6 / sum(weight.shape)), "uniform": 0.1, "normal": None}[initializer]
        deviation = 0.03 if bound is None else bound / math.sqrt(3)
        assert weight.std().item() == pytest.approx(deviation, rel=0.03)
        assert bound is None or weight.abs().max().item() <= bound
        assert not layer.bias.any()


def test_the_state_has_parameters_only_and_loads_again(batch):
    module, other = compile(figure_2(), seed=3), compile(figure_2(), seed=4)
    state = module.state_dict()
    assert state.keys() == dict(module.named_parameters()).keys()
    other.load_state_dict(state)
    torch.testing.assert_close(
        other({"i0": batch["data"]}, "predict")["o2"], module({"i0": batch["data"]}, "predict")["o2"]
    )
