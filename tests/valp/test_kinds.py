"""What every kind of network must do: pass the rules, run in every mode, learn."""

import pytest
import torch

from tests.valp.graphs import decoders, discrete, noise_of, numeric, rows_of, unit, with_part
from valp.check import check
from valp.combiners import COMBINERS
from valp.compile import compile, lower
from valp.graph import (
    Connection,
    Convolution,
    DataType,
    Dense,
    Graph,
    Input,
    Loss,
    Output,
    PrimaryNetwork,
    Recurrent,
    Role,
    TransposedConvolution,
)
from valp.keys import content_key
from valp.kinds import KINDS, Kind
from valp.kinds.base import ANY
from valp.losses import LOSSES
from valp.plan import MODES
from valp.shapes import merged, transported

BATCH = 5
SHAPES = {DataType.FEATURES: (2, 4, 4)}
"""The shapes of units that are not vectors of four variables."""

LAYERS = {
    Dense: (Dense(units=6, activation="tanh"), Dense(units=5, activation="softplus", initializer="normal")),
    Convolution: (
        Convolution(channels=3, pool=(2, 1), activation="tanh"),
        Convolution(channels=2, kernel=(2, 2), padding=(0, 1), activation="elu"),
    ),
    TransposedConvolution: (
        TransposedConvolution(channels=3, activation="tanh"),
        TransposedConvolution(channels=2, kernel=(2, 3), stride=(1, 2), padding=(0, 1), activation="identity"),
    ),
    Recurrent: (Recurrent(units=5, cell="gru"), Recurrent(units=4, cell="lstm")),
    None: (),
}
"""Layers of each form; their functions are smooth, so that differences tell the gradient."""


def unit_of(type_):
    return unit(type_, *SHAPES.get(type_, (4,)))


def layers_of(kind, normalise=False):
    return tuple(layer.model_copy(update={"normalise": normalise}) for layer in LAYERS[kind.layer])


def minimal(kind, combiner="concatenation", normalise=False):
    """A network n of a kind with two arrivals, its output judged by a loss that takes it.

    They are the input i and a network e that reads it: a Generic MLP where the kind takes what one makes, else a
    Convolutional network. A kind that needs a latent connection has it from e; one that takes no others has a second
    one, from a Generic MLP f.
    """
    produced = next(type_ for type_ in DataType if type_ in kind.produces(DataType.NUMERIC))
    plain = next((role for role in (Role.CONDITION, Role.DATA) if role in kind.takes), None)
    second = Role.LATENT if kind.needs_latent else plain
    arriving = DataType.NUMERIC if plain is None else next(t for t in DataType if t in kind.takes[plain])
    if DataType.NUMERIC in kind.takes[second]:
        dense = (Dense(units=6, activation="tanh", normalise=normalise),)
        helper = PrimaryNetwork(name="e", kind="g", layers=dense, output=numeric(4))
    else:
        convolution = (Convolution(channels=2, activation="tanh", normalise=normalise),)
        helper = PrimaryNetwork(name="e", kind="c", layers=convolution, output=unit_of(DataType.FEATURES))
    helpers = [helper] if plain is not None else [helper, helper.model_copy(update={"name": "f"})]
    given = Input(name="i", unit=unit_of(arriving))
    into = [Connection(source=x.name, target="n", role=second) for x in helpers]
    into = into if plain is None else [Connection(source="i", target="n", role=plain), *into]
    units = {"i": given.unit, "e": helper.output, "f": helper.output}
    layers, output = layers_of(kind, normalise), unit_of(produced)
    network = PrimaryNetwork(name="n", kind=kind.code, combiner=combiner, layers=layers, output=output)
    shape = kind.shape(network, merged([transported(units[c.source], c) for c in into], combiner))
    output = unit(produced, *shape)
    code = next(code for code, loss in LOSSES.items() if produced in loss.takes)
    return Graph(
        inputs=(given,),
        networks=(*helpers, network.model_copy(update={"output": output})),
        outputs=(Output(name="o", unit=output),),
        connections=(
            *(Connection(source="i", target=x.name) for x in helpers),
            *into,
            Connection(source="n", target="o"),
        ),
        losses=(
            Loss(kind=code, prediction="o", truth="o"),
            *(Loss(kind="kl", prediction=x.name, beta=0.01) for x in helpers if kind.needs_latent),
        ),
    )


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


def test_a_kind_says_what_it_is(kind):
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


def test_a_minimal_graph_passes(graph):
    report = check(graph)
    assert report.passed, report.violations


def test_it_goes_to_json_and_back(graph):
    again = Graph.model_validate_json(graph.model_dump_json())
    assert again == graph
    assert content_key(again) == content_key(graph)


@pytest.mark.parametrize("mode", MODES)
def test_it_runs_in_every_mode(graph, mode):
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
    """The parameters whose effect batch normalisation takes away again."""
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


def assert_gradients_are_right(module, inputs, truths, critics=None):
    """Derivatives of the total along a random direction in each parameter, against central differences."""
    noise = noise_of(module, len(next(iter(inputs.values()))), dtype=torch.float64)
    generator = torch.Generator().manual_seed(3)

    def total():
        return module.losses(inputs, truths, noise, critics=critics)[0]

    with torch.no_grad():  # biases start at 0, where a difference may hide
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    gradients = torch.autograd.grad(total(), list(module.parameters()))
    step = 1e-6
    for (name, parameter), gradient in zip(module.named_parameters(), gradients, strict=True):
        direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        values = []
        with torch.no_grad():
            for sign in (1, -2):
                parameter += sign * step * direction
                values.append(total().item())
            parameter += step * direction
        difference, derivative = (values[0] - values[1]) / (2 * step), (gradient * direction).sum().item()
        assert difference == pytest.approx(derivative, rel=1e-5, abs=1e-8), name


def test_gradients_in_double_precision_are_differences(kind, graph, normalise):
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
def test_a_recurrent_network_makes_a_sequence_of_a_sequence(cell, normalise):
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


def test_it_learns_a_batch_by_heart(kind, normalise):
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


def test_types_it_does_not_take_are_refused(kind):
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


def test_types_it_cannot_make_are_refused(kind):
    graph = minimal(kind)
    for type_ in sorted(ANY - kind.produces(DataType.NUMERIC)):
        assert ("produces", "n") in codes(with_part(graph, "networks", -1, output=unit_of(type_)))


def test_layers_that_are_not_its_own_are_refused(kind):
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


def test_roles_it_does_not_know_are_refused(kind):
    graph = minimal(kind)
    places = [place for place, connection in enumerate(graph.connections) if connection.target == "n"]
    for role in sorted(set(Role) - set(kind.takes)):
        assert ("role", graph.connections[places[0]].name) in codes(
            with_part(graph, "connections", places[0], role=role)
        )


def test_a_kind_says_truly_whether_a_last_layer_is_implied(kind):
    """Its initialiser is that of no operation where there is none, and has no say in the key."""
    graph = minimal(kind)
    other = with_part(graph, "networks", -1, initializer="uniform")
    assert (lower(other) != lower(graph)) is kind.last_layer
    assert (content_key(other) != content_key(graph)) is kind.last_layer


def test_a_discretizer_gives_probabilities():
    result = compile(minimal(KINDS["delta"]), seed=0)({"i": torch.randn(BATCH, 4)})["o"]
    torch.testing.assert_close(result.sum(1), torch.ones(BATCH))
    assert (result >= 0).all()


def test_a_bottleneck_hands_on_its_latent_variables_and_learns_nothing():
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
