"""What a model generates depends on an input exactly where a path is left after the latent connections are cut."""

import networkx as nx
import pytest
import torch

from tests.spaces.graphs import SEVERAL, SHAPES, TINY, TINY_SPACE, random_graph
from valp.check.check import check
from valp.compile.compile import compile
from valp.graph.graph import DataType, Graph
from valp.plan.plan import MODES

BATCH = 5


def small_graphs(count, start=0):
    """Graphs of two small shapes; their activations are smooth, so that a dependence always has a gradient."""
    for seed in range(start, start + count):
        yield random_graph(seed, TINY if seed % 2 else SEVERAL, TINY_SPACE)


def inputs_of(graph: Graph, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for i in graph.inputs:
        found[i.name] = torch.randn(BATCH, i.unit.size, generator=generator, dtype=dtype)
    return found


def truths_of(graph: Graph, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        o.name: torch.randint(o.unit.size, (BATCH,), generator=generator)
        if o.unit.type is DataType.DISCRETE
        else torch.rand(BATCH, o.unit.size, generator=generator)
        for o in graph.outputs
    }


def dependences(graph: Graph, mode):
    """The pairs (output, input) with a gradient that is not zero."""
    module = compile(graph, seed=1).double()
    inputs = {name: value.requires_grad_() for name, value in inputs_of(graph, torch.float64).items()}
    values = module(inputs, mode)
    generator = torch.Generator().manual_seed(2)
    for output in (o.name for o in graph.outputs):
        if not values[output].requires_grad:
            continue
        # Weighted at random, because the probabilities of a Discrete output always sum to 1.
        weights = torch.rand(values[output].shape, generator=generator, dtype=torch.float64)
        wanted = torch.autograd.grad(
            (values[output] * weights).sum(), list(inputs.values()), allow_unused=True, retain_graph=True
        )
        for name, gradient in zip(inputs, wanted, strict=True):
            if gradient is not None and gradient.abs().max() > 0:
                yield output, name


def reachable(digraph, graph: Graph):
    return {(o.name, i.name) for o in graph.outputs for i in graph.inputs if nx.has_path(digraph, i.name, o.name)}


def planned(graph: Graph, mode):
    plan = compile(graph, seed=1).plan
    return {(output, name) for output in plan.outputs for name in plan.inputs_of(output, mode)}


def assert_paths_agree(graph: Graph):
    left = reachable(graph.generating_digraph(), graph)
    assert planned(graph, "generate") == left
    assert set(dependences(graph, "generate")) == left
    whole = reachable(graph.digraph, graph)
    for mode in ("predict", "train"):
        assert planned(graph, mode) == whole
        assert set(dependences(graph, mode)) == whole


def test_an_output_depends_on_an_input_exactly_if_a_path_is_left():
    for graph in small_graphs(80):
        assert_paths_agree(graph)


def test_both_kinds_of_dependence_occur_among_these_graphs():
    cut = [
        len(reachable(graph.digraph, graph)) - len(reachable(graph.generating_digraph(), graph))
        for graph in small_graphs(80)
    ]
    assert sum(count > 0 for count in cut) > 20
    assert sum(count == 0 for count in cut) > 2


@pytest.mark.slow
def test_an_output_depends_on_an_input_exactly_if_a_path_is_left_in_many_graphs():
    for graph in small_graphs(3000, start=1000):
        assert_paths_agree(graph)


def test_generating_reads_only_the_inputs_it_depends_on():
    for graph in small_graphs(60):
        module = compile(graph, seed=1)
        noise = {name: torch.randn(BATCH, k) for name, k in module.plan.noise.items()}
        whole = module(inputs_of(graph), "generate", noise)
        for output in module.plan.outputs:
            given = {name: inputs_of(graph)[name] for name in module.plan.inputs_of(output, "generate")}
            if given or noise:
                torch.testing.assert_close(module(given, "generate", noise, [output])[output], whole[output])


def test_predicting_twice_gives_the_same_and_leaves_torchs_generator_alone():
    for graph in small_graphs(60):
        module = compile(graph, seed=1).eval()
        state = torch.get_rng_state()
        first, second = (module(inputs_of(graph), "predict") for _ in range(2))
        assert torch.equal(torch.get_rng_state(), state)
        assert all(torch.equal(first[name], second[name]) for name in module.plan.outputs)


def test_training_with_no_noise_is_predicting():
    for graph in small_graphs(60):
        module = compile(graph, seed=1)
        none = {name: torch.zeros(BATCH, k) for name, k in module.plan.noise.items()}
        trained, predicted = module(inputs_of(graph), "train", none), module(inputs_of(graph), "predict")
        for name in module.plan.outputs:
            torch.testing.assert_close(trained[name], predicted[name])


def test_an_output_differs_between_generations_exactly_if_a_decoder_leads_to_it():
    for graph in small_graphs(60):
        module = compile(graph, seed=1)
        decoders = [network.name for network in graph.networks if network.kind == "d"]
        kept = graph.generating_digraph()
        first, second = (module(inputs_of(graph), "generate") for _ in range(2))
        for output in module.plan.outputs:
            noisy = any(nx.has_path(kept, decoder, output) for decoder in decoders)
            assert torch.equal(first[output], second[output]) is not noisy


def assert_runs_and_learns(graph: Graph):
    assert check(graph).passed
    module = compile(graph, seed=1)
    inputs, truths = inputs_of(graph), truths_of(graph)
    for mode in MODES:
        values = module(inputs, mode)
        for output in graph.outputs:
            assert values[output.name].shape == (BATCH, output.unit.size)
            assert values[output.name].isfinite().all()
            if output.unit.type is DataType.DISCRETE:
                torch.testing.assert_close(values[output.name].sum(1), torch.ones(BATCH))
                assert values[output.name].min() >= 0
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    total, terms = module.losses(inputs, truths)
    assert total.isfinite()
    assert len(terms) == len(module.loss_names) == len(graph.losses)
    torch.testing.assert_close(total, sum(loss.beta * term for loss, term in zip(_ordered(graph), terms, strict=True)))
    total.backward()
    optimizer.step()
    moved = {name.rsplit(".", 2)[0] for name, p in module.named_parameters() if not torch.equal(p, before[name])}
    assert moved
    assert all(parameter.isfinite().all() for parameter in module.parameters())


def _ordered(graph: Graph):
    """The losses in the order of the plan's terms: the supervised ones, then KL."""
    return sorted(graph.losses, key=lambda loss: loss.kind == "kl")


def test_graphs_that_check_accepts_compile_run_in_every_mode_and_take_a_training_step():
    for graph in small_graphs(150, start=500):
        assert_runs_and_learns(graph)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_graphs_that_check_accepts_run_and_learn_in_the_papers_sizes(shape):
    for seed in range(300):
        assert_runs_and_learns(random_graph(seed, SHAPES[shape]))


def test_every_network_gets_a_gradient():
    for graph in small_graphs(60):
        module = compile(graph, seed=1)
        total, _ = module.losses(inputs_of(graph), truths_of(graph))
        total.backward()
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
