"""The usual single-task network of an output: fixed layers, trained as long as a candidate."""

from collections.abc import Sequence

from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    DataUnit,
    Dense,
    Graph,
    Loss,
    Output,
    PrimaryNetwork,
    Role,
)
from valp.parts.kinds import CONVOLUTIONAL, DECODER, DISCRETIZER, GENERIC_MLP, KINDS
from valp.parts.losses import KL
from valp.parts.own_types import OWN_TYPES, like
from valp.spaces.problem.description import Description

HIDDEN = (Dense(units=100, activation="relu", initializer="xavier"),)
"""One hidden layer of 100 ReLU units (Garciarena et al., V-D1)."""

WIDE = (Dense(units=512, activation="relu", initializer="xavier"),) * 2
"""The layers of the wide network: what is tried first when the usual one is too small."""

WIDE_DECAY = 0.3
"""The share of the steps over which its learning rate falls to 0."""

PRODUCERS = {
    DataType.NUMERIC: GENERIC_MLP.code,
    DataType.DISCRETE: DISCRETIZER.code,
    DataType.SAMPLES: DECODER.code,
}
"""The network kind that produces an output of each type."""

LATENT = 16
"""The number of latent variables in a single-task VAE."""

CHANNELS = 32
"""The channels of the hidden layer in a convolutional single-task model."""


def single_task(problem: Description, name: str, layers: Sequence[Dense] = HIDDEN) -> Graph:
    """The single-task graph of an output: an MLP, a VAE for Samples, or convolutions for Features.

    It reads all inputs; for Features, only the inputs with the same sides.

    Args:
        problem: the problem.
        name: the name of the output.
        layers: the hidden layers of each network, convolutions apart.
    """
    output = next(output for output in problem.outputs if output.name == name)
    generates = like(output.unit.type) is DataType.SAMPLES
    code = DataUnit(type=DataType.NUMERIC, shape=(2 * LATENT,))
    if like(output.unit.type) is DataType.FEATURES:
        return _convolutional(problem, output)
    kind = _producer(output.unit.type)
    hidden = tuple(layers) if KINDS[kind].layer is Dense else ()
    last = PrimaryNetwork(name="decoder" if generates else "mlp", kind=kind, layers=hidden, output=output.unit)
    encoder = PrimaryNetwork(name="encoder", kind=GENERIC_MLP.code, layers=tuple(layers), output=code)
    first = encoder if generates else last
    connections = [Connection(source=model_input.name, target=first.name) for model_input in problem.inputs]
    losses = [Loss(kind=loss, prediction=name, truth=name) for loss in problem.losses[name]]
    if generates:
        connections.append(Connection(source=first.name, target=last.name, role=Role.LATENT))
        losses.append(Loss(kind=KL, prediction=first.name))
    return Graph(
        inputs=problem.inputs,
        networks=(first, last) if generates else (last,),
        outputs=(output,),
        connections=(*connections, Connection(source=last.name, target=name)),
        losses=tuple(losses),
    )


def _producer(unit_type: DataType | str) -> str:
    """The kind that produces a type. For a user's own type, a kind from its list that takes any data, if any."""
    usual, own = PRODUCERS[like(unit_type) or DataType.NUMERIC], OWN_TYPES.get(unit_type)
    if own is None or usual in own.made_by:
        return usual
    return next((k for k in sorted(own.made_by) if k in KINDS and KINDS[k].takes_any_data), usual)


def _convolutional(problem: Description, output: Output) -> Graph:
    sides = output.unit.shape[1:]
    threes, ones = (3,) * len(sides), (1,) * len(sides)
    layers = [
        Convolution(channels=channels, kernel=threes, stride=ones, padding=ones, pool=ones, activation=activation)
        for channels, activation in ((CHANNELS, "relu"), (output.unit.shape[0], "identity"))
    ]
    inputs = tuple(model_input for model_input in problem.inputs if model_input.unit.shape[1:] == sides)
    network = PrimaryNetwork(name="convolutional", kind=CONVOLUTIONAL.code, layers=tuple(layers), output=output.unit)
    return Graph(
        inputs=inputs,
        networks=(network,),
        outputs=(output,),
        connections=(
            *(Connection(source=model_input.name, target=network.name) for model_input in inputs),
            Connection(source=network.name, target=output.name),
        ),
        losses=tuple(
            Loss(kind=code, prediction=output.name, truth=output.name) for code in problem.losses[output.name]
        ),
    )
