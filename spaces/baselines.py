"""The single-task models of a problem: does sharing help?"""

from spaces.candidate import Candidate, Training
from spaces.problem import Problem
from valp.graph import Connection, DataType, DataUnit, Dense, Graph, Loss, PrimaryNetwork, Role
from valp.losses import KL

HIDDEN = (Dense(units=100, activation="relu", initializer="xavier"),)
"""One hidden layer of 100 ReLU (002, V-D1)."""

LATENT = 16
"""Latent variables of a single-task VAE."""


def baselines(problem: Problem, training: Training) -> dict[str, Candidate]:
    """One candidate for each output that learns it alone: an MLP, or a VAE for Samples."""
    return {
        output.name: Candidate(graph=single_task(problem, output.name), training=training) for output in problem.outputs
    }


def single_task(problem: Problem, name: str) -> Graph:
    """The single-task graph of an output; every input is read whole."""
    output = next(output for output in problem.outputs if output.name == name)
    generates = output.unit.type is DataType.SAMPLES
    code = DataUnit(type=DataType.NUMERIC, shape=(2 * LATENT,))
    kind = {DataType.SAMPLES: "d", DataType.DISCRETE: "delta"}.get(output.unit.type, "g")
    last = PrimaryNetwork(name="decoder" if generates else "mlp", kind=kind, layers=HIDDEN, output=output.unit)
    first = PrimaryNetwork(name="encoder", kind="g", layers=HIDDEN, output=code) if generates else last
    connections = [Connection(source=model_input.name, target=first.name) for model_input in problem.inputs]
    losses = [Loss(kind=problem.losses[name], prediction=name, truth=name)]
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
