"""The smallest graph in which a network of a kind can be tested."""

from tests.valp.graphs import numeric, unit
from valp.graph.graph import (
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
from valp.parts.losses import LOSSES
from valp.parts.shapes import merged, transported

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
"""Layers of each form; their functions are smooth, so that finite differences give the gradient."""


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
