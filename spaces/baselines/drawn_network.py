"""A single-task network whose layers and training are drawn from the ranges of a space, as a candidate's are."""

from typing import Any

from valp.graph.graph import Convolution, Dense, PrimaryNetwork, Role
from valp.parts.design import Designer
from valp.parts.kinds import KINDS
from valp.parts.losses import KL
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import Space
from valp.spaces.problem.description import Description


def drawn_network(problem: Description, output: str, space: Space, training: Training, seed: str) -> Candidate:
    """A candidate that learns only one output: the graph of `single_task` with other layers, codes and β.

    Args:
        problem: the problem.
        output: the output to learn.
        space: the ranges: hidden layers, units, activations, the width of codes, priors, β of the KL loss, learning
            rate, batch size and KL warm-up. Their number and width are drawn like those of a multi-task graph.
        training: the steps and batch size of a full training. The drawn candidate sees as many samples.
        seed: determines everything that is drawn.
    """
    choose = RandomChoose(seed)
    graph = single_task(problem, output)
    codes = {connection.source for connection in graph.connections if connection.role is Role.LATENT}
    networks = tuple(_drawn(network, space, choose, encodes=network.name in codes) for network in graph.networks)
    beta = choose.real("beta.kl", *space.beta_kl, log_scale=True)
    losses = tuple(loss.model_copy(update={"beta": beta}) if loss.kind == KL else loss for loss in graph.losses)
    drawn: dict[str, Any] = {
        "learning_rate": choose.real("learning_rate", *space.learning_rate, log_scale=True),
        "kl_warmup": choose.category("kl_warmup", space.kl_warmups) if codes else training.kl_warmup,
        "seed": choose.integer("seed", 0, 2**31 - 1),
    }
    batch = choose.category("batch", space.batches_of(training.batch))
    changed = training.in_batches(batch).model_copy(update=drawn)
    return Candidate(graph=graph.model_copy(update={"networks": networks, "losses": losses}), training=changed)


def _drawn(network: PrimaryNetwork, space: Space, choose: RandomChoose, *, encodes: bool) -> PrimaryNetwork:
    """A network with drawn layers: dense layers, or the channels of convolutions that keep the sides."""
    kind, designer = KINDS[network.kind], Designer(network.name, space, choose, ())
    changed: dict[str, Any] = {}
    if kind.layer is Dense:
        changed["layers"] = designer.hidden_layers(kind.hidden_layer, kind.fewest_layers)
        changed["initializer"] = designer.category("initializer", space.initializers)
    elif kind.layer is Convolution:
        changed["layers"] = _convolutions(network, space, designer)
    if encodes:
        half = designer.integer("code", *(max(1, size // 2) for size in space.output_units), log_scale=space.log_scale)
        changed["output"] = network.output.model_copy(update={"shape": (2 * half,)})
    changed["prior"] = space.drawn_prior(network.name, kind, choose.category)
    return network.model_copy(update=changed)


def _convolutions(network: PrimaryNetwork, space: Space, designer: Designer) -> tuple[Convolution, ...]:
    """One or more hidden layers like the network's first one, and its last one."""
    hidden, last = (layer for layer in (network.layers[0], network.layers[-1]) if isinstance(layer, Convolution))
    count = designer.integer("layers", *space.convolutions)
    channels = designer.integer("channels", *space.channels, log_scale=True)
    activation = designer.category("activation", space.activations)
    return (*(hidden.model_copy(update={"channels": channels, "activation": activation}) for _ in range(count)), last)
