"""Random graphs of all kinds: a graph that `check` accepts runs, learns and has the predicted shapes."""

from random import Random

import pytest
import torch

from tests.valp.check.test_keys import renamed
from tests.valp.graphs import with_part
from tests.valp.random_graphs import random_graph
from tests.valp.rows import noise_of, rows_of
from valp.check.check import check
from valp.check.keys import content_key, structure_key
from valp.compile.compile import compile
from valp.graph.graph import Connection, DataType, DataUnit, Dense, Graph, Role
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.losses import KL, LOSSES
from valp.parts.lowering import Lowering
from valp.plan.operation import Convolve, Recur
from valp.plan.plan import MODES
from valp.train.critic import critics_of

BATCH = 3


def graphs(count, start=0):
    return (random_graph(seed) for seed in range(start, start + count))


many = pytest.mark.parametrize("count", [200, pytest.param(2000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
"""How many graphs: some always, many when slow tests run."""


def assert_runs_and_learns(graph):
    """Three modes, the right sizes, finite values, and a step of training."""
    module = compile(graph, seed=1)
    inputs, truths = rows_of(graph, BATCH)
    for mode in MODES:
        values = module(inputs, mode)
        for output in graph.outputs:
            assert values[output.name].shape == (BATCH, output.unit.size)
            assert values[output.name].isfinite().all()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    total, terms = module.losses(inputs, truths, critics=critics_of(module, 0))
    assert len(terms) == len(module.loss_names) == len(set(module.loss_names)) == len(graph.losses)
    assert terms.isfinite().all()
    torch.testing.assert_close(total, (terms * module.betas).sum())
    total.backward()
    optimizer.step()
    assert all(parameter.isfinite().all() for parameter in module.parameters())


def edited(graph: Graph, random: Random) -> Graph:
    """The graph with one random change."""
    able = ["networks", "networks", "outputs", "connections", "connections", "losses", "inputs"]
    part = random.choice([name for name in able if getattr(graph, name)])
    parts = getattr(graph, part)
    place = random.randrange(len(parts))
    item = parts[place]
    if random.random() < 0.1:
        return graph.model_copy(update={part: parts[:place] + parts[place + 1 :]})
    unit = random.choice([c.output if hasattr(c, "output") else c.unit for c in graph.components])
    other = DataUnit(type=random.choice(list(DataType)), shape=unit.shape)
    if part == "connections" and random.random() < 0.3:
        new = Connection(source=item.source, target=random.choice(graph.connections).target)
        return graph.model_copy(update={part: (*parts, new)})
    changes = {
        "inputs": [{"unit": unit}, {"unit": other}],
        "outputs": [{"unit": unit}, {"unit": other}, {"combiner": random.choice(list(COMBINERS))}],
        "networks": [
            {"output": unit},
            {"output": other},
            {"kind": random.choice(list(KINDS))},
            {"combiner": random.choice(list(COMBINERS))},
            {"layers": item.layers[1:] if hasattr(item, "layers") else ()},
            {"layers": (*getattr(item, "layers", ()), Dense(units=3, normalise=True))},
            {"layers": random.choice(graph.networks).layers},
        ],
        "connections": [
            {"indices": None},
            {"indices": tuple(random.sample(range(4), random.randint(1, 4)))},
            {"role": random.choice(list(Role))},
            {"source": random.choice(graph.components).name},
            {"target": random.choice(graph.components).name},
        ],
        "losses": [
            {"kind": random.choice([*LOSSES, KL])},
            {"prediction": random.choice(graph.components).name},
            {"truth": random.choice(graph.outputs).name},
            {"beta": 0.0},
        ],
    }
    return with_part(graph, part, place, **random.choice(changes[part]))


@many
def test_graphs_that_are_right_by_construction_pass_and_learn(count):
    for graph in graphs(count):
        assert check(graph).violations == ()
        assert_runs_and_learns(graph)


@many
def test_edited_graphs_that_check_accepts_learn(count):
    accepted = 0
    for seed, graph in enumerate(graphs(3 * count, start=10_000)):
        random, changed = Random(seed), graph
        for _ in range(random.randint(1, 2)):
            whole = changed.networks and changed.outputs and changed.connections
            changed = edited(changed, random) if whole else changed
        if changed != graph and check(changed).passed:
            accepted += 1
            assert_runs_and_learns(changed)
    assert accepted > 0.2 * count


@many
def test_the_predicted_shapes_are_the_actual_shapes(count):
    for graph in graphs(count, start=20_000):
        module = compile(graph, seed=1).eval()
        seen = {}
        for name, layer in module.layers.items():
            layer.register_forward_hook(lambda _, x, y, name=name, seen=seen: seen.__setitem__(name, (x[0], y)))
        names = [network.name for network in graph.networks]
        inputs, _ = rows_of(graph, BATCH)
        values = module.run(inputs, names, "train", None)
        lowering = Lowering(graph)
        for network in graph.networks:
            assert values[network.name].shape == (BATCH, network.output.size)
            assert KINDS[network.kind].shape(network, lowering.arriving(network)) == network.output.shape
        for operation in module.operations(names, "train"):
            if isinstance(operation, Convolve):
                read, made = seen[operation.layer]
                assert read.shape == (BATCH, *operation.inputs)
                sides = zip(made.shape[2:], operation.pool, strict=True)
                assert (made.shape[1], *(n // pool for n, pool in sides)) == operation.outputs
                assert values[operation.out].shape[1] == torch.Size(operation.outputs).numel()
            elif isinstance(operation, Recur):
                read, (states, _) = seen[operation.layer]
                assert read.shape == (BATCH, operation.inputs[1], operation.inputs[0])
                assert states.shape == (BATCH, operation.inputs[1], operation.units)


@many
def test_graphs_go_to_json_and_back_and_keep_their_key_under_other_names(count):
    keys = set()
    for graph in graphs(count, start=30_000):
        again = Graph.model_validate_json(graph.model_dump_json())
        assert again == graph
        names = {component.name: f"x{place}" for place, component in enumerate(reversed(graph.components))}
        assert content_key(renamed(graph, names)) == content_key(again)
        assert structure_key(renamed(graph, names)) == structure_key(graph)
        keys.add(content_key(graph))
    assert len(keys) > 0.95 * count


def test_a_seed_gives_the_same_weights_and_predictions_of_all_kinds():
    for graph in graphs(60, start=40_000):
        inputs, _ = rows_of(graph, BATCH)
        first, second = compile(graph, seed=5).eval(), compile(graph, seed=5).eval()
        state = torch.get_rng_state()
        compile(graph, seed=6)
        assert torch.equal(state, torch.get_rng_state())
        noise = noise_of(first, BATCH)
        for mode in MODES:
            one, two = first(inputs, mode, noise), second(inputs, mode, noise)
            assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_row_does_not_depend_on_the_other_rows():
    for graph in graphs(60, start=50_000):
        module = compile(graph, seed=5)
        inputs, _ = rows_of(graph, BATCH)
        whole = module(inputs, "predict")
        alone = module({name: value[1:2] for name, value in inputs.items()}, "predict")
        for name in module.plan.outputs:
            torch.testing.assert_close(alone[name], whole[name][1:2], rtol=1e-4, atol=1e-5)
