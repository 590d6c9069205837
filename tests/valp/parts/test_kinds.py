"""What every kind of network must do: pass the rules, run in every mode, learn."""

import pytest
import torch

from tests.valp.graphs import decoders, numeric, unit, with_part
from tests.valp.minimal import LAYERS, minimal, unit_of
from tests.valp.rows import assert_gradients_are_right, noise_of, rows_of
from valp.check.check import check
from valp.check.keys import content_key
from valp.compile.compile import compile, lower
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    Graph,
    Input,
    Loss,
    Output,
    PrimaryNetwork,
    Recurrent,
    Role,
)
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS, Kind
from valp.parts.kinds.kind import ANY
from valp.parts.shapes import transported
from valp.plan.plan import MODES

BATCH = 5


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["plain", "normalised"])
def normalise(request):
    return request.param


@pytest.fixture(params=COMBINERS)
def graph(kind, request):
    return minimal(kind, request.param)


def codes(graph):
    return {(violation.code, violation.component) for violation in check(graph).violations}


def test_a_kind_describes_itself(kind):
    assert isinstance(kind, Kind)
    assert KINDS[kind.code] is kind
    assert kind.title
    assert kind.sign
    assert kind.takes
    assert set(kind.takes) <= set(Role)
    assert all(types and types <= ANY for types in kind.takes.values())
    assert not kind.needs_latent or Role.LATENT in kind.takes
    assert kind.needs <= frozenset().union(*kind.takes.values())
    assert kind.layer in LAYERS
    assert kind.layer is not None or kind.fewest_layers == 0
    assert all(kind.produces(merged) and kind.produces(merged) <= ANY for merged in DataType)


def test_codes_titles_and_signs_are_unique():
    for field in ("code", "title", "sign"):
        assert len({getattr(kind, field) for kind in KINDS.values()}) == len(KINDS)


def test_a_minimal_graph_passes_the_check(graph):
    report = check(graph)
    assert report.passed, report.violations


def test_a_kind_goes_to_json_and_back(graph):
    again = Graph.model_validate_json(graph.model_dump_json())
    assert again == graph
    assert content_key(again) == content_key(graph)


@pytest.mark.parametrize("mode", MODES)
def test_a_kind_runs_in_every_mode(graph, mode):
    module = compile(graph, seed=0)
    inputs, _ = rows_of(graph, BATCH)
    result = module(inputs, mode)["o"]
    assert result.shape == (BATCH, graph.outputs[0].unit.size)
    assert result.isfinite().all()


def test_a_row_does_not_depend_on_the_other_rows(graph):
    module = compile(graph, seed=0)
    inputs, _ = rows_of(graph, BATCH)
    whole = module(inputs, "predict")["o"]
    alone = torch.cat([module({"i": inputs["i"][i : i + 1]}, "predict")["o"] for i in range(BATCH)])
    torch.testing.assert_close(alone, whole)


def normalised_biases(graph):
    """The parameters whose effect batch normalisation removes."""
    layers = {op.layer for op in lower(graph).operations if getattr(op, "normalise", False)}
    return {f"layers.{layer}.bias" for layer in layers}


def test_gradients_reach_every_parameter(kind, graph, normalise):
    graph = minimal(kind, graph.networks[-1].combiner, normalise)
    module = compile(graph, seed=0)
    total, _ = module.losses(*rows_of(graph, BATCH), noise_of(module, BATCH))
    total.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any() or name in normalised_biases(graph), name


def test_gradients_equal_differences_in_double_precision(kind, graph, normalise):
    graph = minimal(kind, graph.networks[-1].combiner, normalise)
    module = compile(graph, seed=0).double()
    assert_gradients_are_right(module, *rows_of(graph, BATCH, dtype=torch.float64))


@pytest.mark.parametrize("fields", [{"stride": (2,)}, {"pool": (2,)}, {"kernel": (2,), "padding": (2,)}])
def test_a_convolution_over_a_sequence_has_right_gradients(fields):
    layer = Convolution(
        channels=3, activation="tanh", **{"kernel": (3,), "stride": (1,), "padding": (1,), "pool": (1,)} | fields
    )
    graph = sequence("c", layer, KINDS["c"])
    assert_gradients_are_right(compile(graph, seed=0).double(), *rows_of(graph, BATCH, dtype=torch.float64))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("normalise", [False, True])
def test_a_recurrent_network_maps_a_sequence_to_a_sequence(cell, normalise):
    graph = sequence("r", Recurrent(units=4, cell=cell, normalise=normalise), KINDS["r"])
    assert graph.networks[0].output == unit(DataType.FEATURES, 2, 7)
    assert check(graph).passed
    assert_gradients_are_right(compile(graph, seed=0).double(), *rows_of(graph, BATCH, dtype=torch.float64))


def sequence(code, layer, kind):
    """A network from Features (2, 7) to Features."""
    network = PrimaryNetwork(name="n", kind=code, layers=(layer,), output=unit(DataType.FEATURES, 2, 7))
    given = unit(DataType.FEATURES, 2, 7)
    shape = kind.shape(network, transported(given, Connection(source="i", target="n")))
    made = unit(DataType.FEATURES, *shape)
    return Graph(
        inputs=(Input(name="i", unit=given),),
        networks=(network.model_copy(update={"output": made}),),
        outputs=(Output(name="o", unit=made),),
        connections=(Connection(source="i", target="n"), Connection(source="n", target="o")),
        losses=(Loss(kind="mse", prediction="o", truth="o"),),
    )


def test_a_kind_can_memorise_a_batch(kind, normalise):
    graph = minimal(kind, normalise=normalise)
    module = compile(graph, seed=0)
    inputs, truths = rows_of(graph, BATCH)
    silent = {name: torch.zeros(BATCH, k) for name, k in module.plan.noise.items()}
    optimizer = torch.optim.Adam(module.parameters(), lr=0.03)
    history = []
    for _ in range(150):
        _, terms = module.losses(inputs, truths, silent)
        optimizer.zero_grad()
        terms[0].backward()
        optimizer.step()
        history.append(terms[0].item())
    assert history[-1] < 0.1 * history[0]


def test_types_that_a_kind_does_not_take_are_refused(kind):
    graph = minimal(kind)
    for place, connection in enumerate(graph.connections):
        if connection.target != "n":
            continue
        for type_ in sorted(ANY - kind.takes[connection.role]):
            if connection.source == "i":
                other = with_part(graph, "inputs", 0, unit=unit_of(type_))
            else:
                names = [network.name for network in graph.networks]
                other = with_part(graph, "networks", names.index(connection.source), output=unit_of(type_))
            assert ("takes", graph.connections[place].name) in codes(other)


def test_types_that_a_kind_cannot_make_are_refused(kind):
    graph = minimal(kind)
    for type_ in sorted(ANY - kind.produces(DataType.NUMERIC)):
        assert ("produces", "n") in codes(with_part(graph, "networks", -1, output=unit_of(type_)))


def test_layers_that_a_kind_does_not_have_are_refused(kind):
    graph = minimal(kind)
    for form, layers in LAYERS.items():
        if form is not None and form is not kind.layer:
            assert ("layers", "n") in codes(with_part(graph, "networks", -1, layers=layers))
    few = with_part(graph, "networks", -1, layers=())
    assert (("layers", "n") in codes(few)) == (kind.fewest_layers > 0)


def test_layers_that_make_another_shape_than_the_output_are_refused(kind):
    graph = minimal(kind)
    first, *rest = graph.networks[-1].output.shape
    other = unit(graph.networks[-1].output.type, first + 1, *rest)
    found = codes(with_part(with_part(graph, "networks", -1, output=other), "outputs", 0, unit=other))
    assert found == (set() if kind.last_layer else {("layers-make", "n")})


def test_roles_that_a_kind_does_not_take_are_refused(kind):
    graph = minimal(kind)
    places = [place for place, connection in enumerate(graph.connections) if connection.target == "n"]
    for role in sorted(set(Role) - set(kind.takes)):
        assert ("role", graph.connections[places[0]].name) in codes(
            with_part(graph, "connections", places[0], role=role)
        )


def test_a_kind_says_correctly_whether_a_last_layer_is_implied(kind):
    """Without a network's own operation its initialiser is not used, and does not count in the key."""
    graph = minimal(kind)
    other = with_part(graph, "networks", -1, initializer="uniform")
    assert (lower(other) != lower(graph)) is kind.last_layer
    assert (content_key(other) != content_key(graph)) is kind.last_layer


def test_a_discretizer_gives_probabilities():
    result = compile(minimal(KINDS["delta"]), seed=0)({"i": torch.randn(BATCH, 4)})["o"]
    torch.testing.assert_close(result.sum(1), torch.ones(BATCH))
    assert (result >= 0).all()


def test_a_bottleneck_outputs_its_latent_variables_and_has_no_weights():
    module = compile(minimal(KINDS["b"]), seed=0)
    noise = noise_of(module, BATCH)
    x = torch.randn(BATCH, 4)
    values = module.run({"i": x}, ["e", "f", "n"], "train", noise)
    z = [values[name][:, :2] + (values[name][:, 2:] / 2).exp() * noise[f"{name}->n"] for name in ("e", "f")]
    torch.testing.assert_close(values["n"], torch.cat(z, 1))
    torch.testing.assert_close(module({"i": x}, "predict", noise)["o"], values["n"])
    means = torch.cat([values["e"][:, :2], values["f"][:, :2]], 1)
    torch.testing.assert_close(module({"i": x}, "predict")["o"], means)
    drawn = torch.cat([noise["e->n"], noise["f->n"]], 1)
    torch.testing.assert_close(module({}, "generate", noise)["o"], drawn)
    assert not any(name.startswith("n-") for name in module.layers)


def test_networks_that_share_a_bottleneck_share_its_sample():
    graph = minimal(KINDS["b"])
    readers = tuple(PrimaryNetwork(name=f"h{i}", kind="g", output=numeric(3)) for i in range(2))
    graph = graph.model_copy(
        update={
            "networks": (*graph.networks, *readers),
            "outputs": tuple(Output(name=f"o{i}", unit=numeric(3)) for i in range(2)),
            "connections": (
                *graph.connections[:-1],
                *(Connection(source="n", target=f"h{i}") for i in range(2)),
                *(Connection(source=f"h{i}", target=f"o{i}") for i in range(2)),
            ),
            "losses": (
                *(Loss(kind="mse", prediction=f"o{i}", truth=f"o{i}") for i in range(2)),
                *graph.losses[1:],
            ),
        }
    )
    assert check(graph).passed
    module = compile(graph, seed=0)
    with torch.no_grad():
        module.layers["h1-0"].load_state_dict(module.layers["h0-0"].state_dict())
    result = module({"i": torch.randn(BATCH, 4)}, "train")
    torch.testing.assert_close(result["o0"], result["o1"])


def test_the_divergence_of_a_bottleneck_that_generates_nothing_is_not_divided():
    module = compile(minimal(KINDS["b"]), seed=0)
    assert [variables for term in module.plan.divergences for *_, variables in term.latents] == [1, 1]
    assert [variables for t in lower(decoders("addition")).divergences for *_, variables in t.latents] == [8, 8]


def test_one_row_alone_trains_with_batch_normalisation(kind):
    graph = minimal(kind, normalise=True)
    module = compile(graph, seed=0)
    total, _ = module.losses(*rows_of(graph, 1))
    total.backward()
    assert total.isfinite()
