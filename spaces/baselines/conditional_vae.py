"""A VAE that is asked for classes (Sohn et al. 2015), the strongest simple sampler where samples have classes."""

from valp.graph.graph import Connection, DataType, DataUnit, Dense, Graph, Loss, PrimaryNetwork, Role
from valp.parts.kinds import DECODER, DISCRETIZER, GENERIC_MLP
from valp.parts.losses import KL
from valp.parts.own_types import like
from valp.parts.priors import MIXTURE
from valp.spaces.problem.conditions import is_class
from valp.spaces.problem.description import Description

LAYERS = (Dense(units=256, activation="relu", initializer="xavier"),) * 2
LATENT = 16
"""The number of latent variables."""

BETA = 0.05
"""β of the KL loss. The prior is fitted to the codes, so they need not be near N(0, I)."""


def conditional_vae(problem: Description, name: str) -> Graph | None:
    """encoder → (μ, log σ²) → decoder, which also reads the class. Samples are asked for by their class.

    Where the class is an output, the graph also learns it from the inputs, because the decoder reads the prediction in
    training, and the prior is a mixture for each class. Where the class is an input, the prior is a mixture for all
    classes. Two hidden layers of 256 units in each network.

    Args:
        problem: the problem.
        name: the name of the output.

    Returns:
        The graph; None if the output is not Samples, or they may not be asked for by a class.
    """
    output = next(output for output in problem.outputs if output.name == name)
    columns = (*problem.columns.inputs, *problem.columns.outputs)
    classes = [column.name for column in columns if is_class(column) and column.name in (problem.conditions or ())]
    if like(output.unit.type) is not DataType.SAMPLES or not classes:
        return None
    asked = classes[0]
    code = DataUnit(type=DataType.NUMERIC, shape=(2 * LATENT,))
    networks = [
        PrimaryNetwork(name="encoder", kind=GENERIC_MLP.code, layers=LAYERS, output=code),
        PrimaryNetwork(name="decoder", kind=DECODER.code, layers=LAYERS, output=output.unit, prior=MIXTURE.code),
    ]
    connections = [
        *(Connection(source=model_input.name, target="encoder") for model_input in problem.inputs),
        Connection(source="encoder", target="decoder", role=Role.LATENT),
    ]
    losses = [
        *(Loss(kind=loss, prediction=name, truth=name) for loss in problem.losses[name]),
        Loss(kind=KL, prediction="encoder", beta=BETA),
    ]
    outputs, source = [output], asked
    if asked in {one.name for one in problem.outputs}:
        predicted, source = next(one for one in problem.outputs if one.name == asked), "classifier"
        networks.append(PrimaryNetwork(name=source, kind=DISCRETIZER.code, layers=LAYERS, output=predicted.unit))
        connections += [Connection(source=one.name, target=source) for one in problem.inputs]
        connections.append(Connection(source=source, target=asked))
        losses += [Loss(kind=loss, prediction=asked, truth=asked) for loss in problem.losses[asked]]
        outputs.append(predicted)
    connections += [
        Connection(source=source, target="decoder", role=Role.CONDITION),
        Connection(source="decoder", target=name),
    ]
    return Graph(
        inputs=problem.inputs,
        networks=tuple(networks),
        outputs=tuple(outputs),
        connections=tuple(connections),
        losses=tuple(losses),
        given=(asked,) if source == "classifier" else (),
    )
