"""What every kind of network must do: pass the rules, run in every mode, learn."""

import pytest
import torch

from tests.valp.graphs import numeric, unit
from valp.check import check
from valp.combiners import COMBINERS
from valp.compile import compile
from valp.graph import Connection, DataType, Dense, Graph, Input, Loss, Output, PrimaryNetwork, Role
from valp.kinds import KINDS, Kind
from valp.kinds.base import ANY
from valp.losses import LOSSES
from valp.plan import MODES

BATCH = 5
SHAPES = {DataType.FEATURES: (2, 4, 4)}
"""The shapes of units that are not vectors of four variables."""


def unit_of(type_):
    return unit(type_, *SHAPES.get(type_, (4,)))


def minimal(kind, combiner="concatenation"):
    """A network n of a kind with two arrivals, its output judged by a loss that takes it.

    Where the kind needs a latent connection, a Generic MLP e provides it, and the input is a condition.
    """
    produced = sorted(kind.produces(DataType.NUMERIC))[0]
    code = next(code for code, loss in LOSSES.items() if produced in loss.takes)
    plain = Role.CONDITION if Role.CONDITION in kind.takes else Role.DATA
    second = Role.LATENT if kind.needs_latent else plain
    arriving = next(t for t in DataType if t in kind.takes[plain])
    layers = (Dense(units=6, activation="tanh"),)
    return Graph(
        inputs=(Input(name="i", unit=unit_of(arriving)),),
        networks=(
            PrimaryNetwork(name="e", kind="g", layers=layers, output=numeric(4)),
            PrimaryNetwork(name="n", kind=kind.code, combiner=combiner, layers=layers, output=unit_of(produced)),
        ),
        outputs=(Output(name="o", unit=unit_of(produced)),),
        connections=(
            Connection(source="i", target="e"),
            Connection(source="i", target="n", role=plain),
            Connection(source="e", target="n", role=second),
            Connection(source="n", target="o"),
        ),
        losses=(
            Loss(kind=code, prediction="o", truth="o"),
            *([Loss(kind="kl", prediction="e")] if kind.needs_latent else []),
        ),
    )


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request):
    return request.param


@pytest.fixture(params=COMBINERS)
def graph(kind, request):
    return minimal(kind, request.param)


def inputs_and_truths(graph):
    size, wanted = graph.inputs[0].unit.size, graph.outputs[0].unit
    discrete = wanted.type is DataType.DISCRETE
    truth = torch.randint(wanted.size, (BATCH,)) if discrete else torch.rand(BATCH, wanted.size)
    return {"i": torch.randn(BATCH, size)}, {"o": truth}


def test_a_kind_says_what_it_is(kind):
    assert isinstance(kind, Kind)
    assert KINDS[kind.code] is kind
    assert kind.title
    assert kind.sign
    assert set(kind.takes) <= set(Role)
    assert all(types and types <= ANY for types in kind.takes.values())
    assert not kind.needs_latent or Role.LATENT in kind.takes
    assert all(kind.produces(merged) <= ANY for merged in DataType)


def test_codes_titles_and_signs_are_unique():
    for field in ("code", "title", "sign"):
        assert len({getattr(kind, field) for kind in KINDS.values()}) == len(KINDS)


def test_a_minimal_graph_passes(graph):
    report = check(graph)
    assert report.passed, report.violations


@pytest.mark.parametrize("mode", MODES)
def test_it_runs_in_every_mode(graph, mode):
    module = compile(graph, seed=0)
    inputs, _ = inputs_and_truths(graph)
    result = module(inputs, mode)["o"]
    assert result.shape == (BATCH, graph.outputs[0].unit.size)
    assert result.isfinite().all()


def test_a_row_does_not_depend_on_the_other_rows(graph):
    module = compile(graph, seed=0)
    inputs, _ = inputs_and_truths(graph)
    whole = module(inputs, "predict")["o"]
    alone = torch.cat([module({"i": inputs["i"][i : i + 1]}, "predict")["o"] for i in range(BATCH)])
    torch.testing.assert_close(alone, whole)


def test_gradients_reach_every_parameter(graph):
    module = compile(graph, seed=0)
    inputs, truths = inputs_and_truths(graph)
    total, _ = module.losses(inputs, truths)
    total.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


def test_it_learns_a_batch_by_heart(kind):
    graph = minimal(kind)
    module = compile(graph, seed=0)
    torch.manual_seed(0)
    inputs, truths = inputs_and_truths(graph)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    history = []
    for _ in range(60):
        total, _ = module.losses(inputs, truths)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        history.append(total.item())
    assert sum(history[-5:]) < sum(history[:5])


def test_types_it_does_not_take_are_refused(kind):
    graph = minimal(kind)
    plain = graph.connections[1].role
    for type_ in sorted(ANY - kind.takes[plain]):
        other = graph.model_copy(update={"inputs": (Input(name="i", unit=unit_of(type_)),)})
        assert ("takes", "i->n") in {(v.code, v.component) for v in check(other).violations}


def test_types_it_cannot_make_are_refused(kind):
    graph = minimal(kind)
    for type_ in sorted(ANY - kind.produces(DataType.NUMERIC)):
        networks = (graph.networks[0], graph.networks[1].model_copy(update={"output": unit_of(type_)}))
        other = graph.model_copy(update={"networks": networks})
        assert ("produces", "n") in {(v.code, v.component) for v in check(other).violations}


def test_a_discretizer_gives_probabilities():
    result = compile(minimal(KINDS["delta"]), seed=0)({"i": torch.randn(BATCH, 4)})["o"]
    torch.testing.assert_close(result.sum(1), torch.ones(BATCH))
    assert (result >= 0).all()
