"""Shapes computed without torch equal those of torch, and layers that do not fit are named."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from tests.valp.graphs import numeric, unit, with_part
from tests.valp.minimal import minimal
from valp.check.check import check
from valp.compile.compile import compile
from valp.compile.torch_layers import CONVOLUTIONS, POOLINGS
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
    TransposedConvolution,
)
from valp.parts.combiners import COMBINERS, merged_type
from valp.parts.kinds import KINDS
from valp.parts.shapes import (
    Arrival,
    MisfitError,
    merged,
    shapes_through,
    transported,
)

FEATURES = DataType.FEATURES
dimensions = st.shared(st.integers(1, 2), key="dimensions")


def sides(least, most):
    """One number for each spatial dimension."""
    return dimensions.flatmap(lambda count: st.tuples(*[st.integers(least, most)] * count))


shapes = st.tuples(st.tuples(st.integers(1, 3)), sides(1, 9)).map(lambda parts: parts[0] + parts[1])
layers = {"channels": st.integers(1, 3), "kernel": sides(1, 5), "stride": sides(1, 3), "padding": sides(0, 3)}


def made_by_torch(shape, layer, *, transpose):
    """The shape of torch's result, or None where torch refuses."""
    made = CONVOLUTIONS[transpose, len(layer.kernel)]
    module = made(shape[0], layer.channels, layer.kernel, layer.stride, layer.padding)
    try:
        result = module(torch.zeros(1, *shape))
        result = result if transpose else POOLINGS[len(layer.kernel)](result, layer.pool)
    except RuntimeError:
        return None
    return tuple(result.shape[1:]) if result.numel() else None


@given(shapes, st.builds(Convolution, pool=sides(1, 3), **layers))
def test_convolutions_and_pooling_make_what_torch_makes(shape, layer):
    try:
        said = layer.output_shape(shape)
    except MisfitError:
        said = None
    assert said == made_by_torch(shape, layer, transpose=False)


@given(shapes, st.builds(TransposedConvolution, **layers))
def test_transposed_convolutions_make_what_torch_makes(shape, layer):
    try:
        said = layer.output_shape(shape)
    except MisfitError:
        said = None
    assert said == made_by_torch(shape, layer, transpose=True)


@given(shapes, st.data())
def test_whole_channels_stay_features_and_other_parts_become_numeric(shape, data):
    source = unit(FEATURES, *shape)
    channels = data.draw(st.lists(st.integers(0, shape[0] - 1), min_size=1, unique=True))
    area = source.size // shape[0]
    indices = [channel * area + place for channel in channels for place in range(area)]
    connection = Connection(source="a", target="b", indices=tuple(indices))
    assert transported(source, connection) == Arrival(FEATURES, (len(channels), *shape[1:]))
    assume(len(indices) > 1 and area > 1)
    turned = Connection(source="a", target="b", indices=tuple(reversed(indices)))
    assert transported(source, turned) == Arrival(DataType.NUMERIC, (len(indices),))
    part = Connection(source="a", target="b", indices=tuple(indices[:-1]))
    assert transported(source, part) == Arrival(DataType.NUMERIC, (len(indices) - 1,))


def test_a_connection_brings_its_selected_variables_and_a_latent_one_half_of_them():
    source = unit(FEATURES, 2, 3, 4)
    assert transported(source, Connection(source="a", target="b")) == Arrival(FEATURES, (2, 3, 4))
    latent = Connection(source="a", target="b", role=Role.LATENT)
    assert transported(source, latent) == Arrival(DataType.NUMERIC, (12,))
    assert transported(numeric(7), latent) == Arrival(DataType.NUMERIC, (3,))
    assert transported(numeric(7), Connection(source="a", target="b", indices=(4, 2))).shape == (2,)


@pytest.mark.parametrize("combiner", COMBINERS)
@given(st.data())
def test_the_output_of_a_combiner_has_the_type_and_size_of_torchs_result(combiner, data):
    """Two or three units meet at a Generic MLP, whose message says the size that reaches it."""
    drawn = st.sampled_from([DataType.NUMERIC, DataType.DISCRETE, DataType.SAMPLES, FEATURES])
    features = st.sampled_from([(1, 2, 2), (3, 2, 2), (2, 3, 2), (2, 4)])
    units = [
        unit(type_, *(data.draw(features) if type_ is FEATURES else (data.draw(st.integers(1, 5)),)))
        for type_ in data.draw(st.lists(drawn, min_size=2, max_size=3))
    ]
    arrivals = [Arrival(one.type, one.shape) for one in units]
    found = merged(arrivals, combiner)
    assert found.type == merged_type([one.type for one in units])
    graph = Graph(
        inputs=tuple(Input(name=f"i{n}", unit=one) for n, one in enumerate(units)),
        networks=(PrimaryNetwork(name="n", kind="g", combiner=combiner, output=numeric(2)),),
        outputs=(Output(name="o", unit=numeric(2)),),
        connections=(
            *(Connection(source=f"i{n}", target="n") for n in range(len(units))),
            Connection(source="n", target="o"),
        ),
        losses=(Loss(kind="mse", prediction="o", truth="o"),),
    )
    assert compile(graph).layers["n-0"].in_features == found.size
    spaces = {one.shape[1:] for one in units}
    if found.type is FEATURES and len(spaces) == 1:
        assert found.shape[1:] == spaces.pop()
    else:
        assert len(found.shape) == 1


def with_inputs(graph, *units):
    """The graph with these inputs, all into n and nothing else."""
    return graph.model_copy(
        update={
            "inputs": tuple(Input(name=f"i{n}", unit=one) for n, one in enumerate(units)),
            "networks": graph.networks[-1:],
            "connections": (
                *(Connection(source=f"i{n}", target="n") for n in range(len(units))),
                graph.connections[-1],
            ),
        }
    )


def found(graph, code):
    return [violation.found for violation in check(graph).violations if violation.code == code]


@pytest.mark.parametrize("combiner", COMBINERS)
def test_features_of_different_spatial_sizes_are_named(combiner):
    graph = with_inputs(minimal(KINDS["c"], combiner), unit(FEATURES, 2, 4, 4), unit(FEATURES, 2, 5, 5))
    (said,) = found(graph, "layers-fit")
    assert said.startswith("layer 0: a kernel of 3×3 on a vector of ")
    assert said.endswith(", where 2×4×4 and 2×5×5 meet")


CONVOLUTION, TRANSPOSED = minimal(KINDS["c"]), minimal(KINDS["t"])
BIG = Convolution(channels=2, kernel=(5, 5), padding=(0, 0))
MISFITS = [
    (CONVOLUTION, (Convolution(channels=2, pool=(2, 2)), BIG), "layer 1: a kernel of 5×5 on 2×2×2 with padding 0×0"),
    (
        CONVOLUTION,
        (Convolution(channels=2, pool=(5, 5)),),
        "layer 0: pooling by 5×5 leaves nothing of a kernel of 3×3 on 4×4×4 with padding 1×1",
    ),
    (CONVOLUTION, (Convolution(channels=2, kernel=(3,), stride=(1,), padding=(1,), pool=(1,)),),
     "layer 0: a kernel of 3 on 4×4×4 with padding 1"),
    (CONVOLUTION, (Convolution(channels=2, stride=(1,)),),
     "layer 0: a kernel of 3×3 on 4×4×4 with padding 1×1, stride 1, pool 1×1"),
    (TRANSPOSED, (TransposedConvolution(channels=3), TransposedConvolution(channels=1, padding=(3, 3))),
     "layer 1: nothing is left of a kernel of 4×4 on 3×2×2 with padding 3×3"),
]  # fmt: skip


@pytest.mark.parametrize(("graph", "layers", "said"), MISFITS)
def test_a_layer_that_does_not_fit_is_named(graph, layers, said):
    assert found(with_part(graph, "networks", -1, layers=layers), "layers-fit") == [said]


def test_a_recurrent_network_refuses_images():
    graph = with_inputs(minimal(KINDS["r"]), unit(FEATURES, 2, 4, 4))
    assert found(graph, "layers-fit") == ["layer 0: Features of 2×4×4 where a sequence (C, T) is read"]
    several = with_inputs(minimal(KINDS["r"]), unit(FEATURES, 2, 4), unit(FEATURES, 2, 5))
    (said,) = found(several, "layers-fit")
    assert said.endswith("where 2×4 and 2×5 meet")


def test_shapes_through_layers():
    steps = [Convolution(channels=4, pool=(2, 2)), Convolution(channels=8, kernel=(2, 2), padding=(0, 0))]
    assert shapes_through((1, 28, 28), steps) == [(4, 14, 14), (8, 13, 13)]
    assert shapes_through((1, 28, 28), []) == []


@pytest.mark.parametrize("form", [Convolution, TransposedConvolution])
@pytest.mark.parametrize("field", ["kernel", "stride", "padding"])
@pytest.mark.parametrize("numbers", [(), (1, 1, 1), (-1,)])
def test_layers_are_of_one_or_two_spatial_dimensions(form, field, numbers):
    with pytest.raises(ValueError, match=field):
        form(channels=1, **{field: numbers})


def test_whole_channels_reach_a_convolutional_network_and_parts_do_not():
    graph = minimal(KINDS["c"])
    whole = with_part(graph, "connections", 1, indices=tuple(range(16, 32)))
    assert {violation.code for violation in check(whole).violations} == set()
    part = with_part(graph, "connections", 1, indices=tuple(range(15, 31)))
    assert found(part, "takes") == [
        "numeric (of features, less than whole channels) as data into a Convolutional network"
    ]


def test_a_sequence_keeps_its_length():
    features = unit(FEATURES, 3, 6)
    network = PrimaryNetwork(name="n", kind="r", layers=(Recurrent(units=2),), output=unit(FEATURES, 5, 6))
    assert KINDS["r"].shape(network, Arrival(FEATURES, features.shape)) == (5, 6)
    assert KINDS["r"].shape(network, Arrival(DataType.NUMERIC, (9,))) == (5, 9)


def test_torch_has_a_module_for_each_convolution():
    assert all(issubclass(made, nn.Module) for made in CONVOLUTIONS.values())
