"""Graphs that are changed for a comparison: other widths, cut apart, other β.

Widths are those of hidden layers. What connections transport stays as it is: the codes of an encoder, and the variables
that one network passes on to another.
"""

from collections.abc import Mapping, Sequence
from math import sqrt

import networkx as nx

from valp.check.check import check
from valp.compile.compile import compile, lower
from valp.graph.graph import DataType, Dense, Graph, Output, PrimaryNetwork, Role
from valp.parts.kinds import KINDS
from valp.parts.losses import KL, LOSSES
from valp.parts.own_types import like
from valp.spaces.baselines.single_task import single_task
from valp.spaces.problem.description import Description

Widths = dict[tuple[str, int], int]
"""The widths of hidden layers, by the name of the network and the position of the layer."""

BISECTIONS = 30


def parameters(graph: Graph) -> int:
    """The number of learnt parameters."""
    return compile(graph, seed=0).parameter_count


def widths(graph: Graph) -> Widths:
    """The widths of the hidden layers that can change without making the graph invalid."""
    found: Widths = {}
    for network in graph.networks:
        hidden = network.layers if KINDS[network.kind].last_layer else network.layers[:-1]
        for i, layer in enumerate(hidden):
            if layer.width is not None:
                width = getattr(layer, layer.width)
                if check(with_widths(graph, {(network.name, i): width + 1})).passed:
                    found[network.name, i] = width
    return found


def with_widths(graph: Graph, changed: Widths) -> Graph:
    """The graph with other widths of some hidden layers."""

    def resized(network: PrimaryNetwork) -> PrimaryNetwork:
        layers = list(network.layers)
        for i, layer in enumerate(layers):
            if (network.name, i) in changed and layer.width is not None:
                layers[i] = layer.model_copy(update={layer.width: changed[network.name, i]})
        return network.model_copy(update={"layers": tuple(layers)})

    return graph.model_copy(update={"networks": tuple(resized(network) for network in graph.networks)})


def widened(graph: Graph, factor: float) -> Graph:
    """The graph with all hidden layers wider by a factor, at least one unit each."""
    return with_widths(graph, _times(widths(graph), factor))


def scaled(graphs: Sequence[Graph], target: int) -> list[Graph]:
    """The graphs with hidden layers scaled by one factor, so that all have about `target` parameters together.

    After scaling, layers get one unit more, one after the other, as long as this comes closer to the target. The result
    is the nearest that was found: a graph without hidden layers cannot be scaled.
    """
    own = [widths(graph) for graph in graphs]

    def counts(factor: float) -> list[int]:
        return [parameters(with_widths(g, _times(w, factor))) for g, w in zip(graphs, own, strict=True)]

    low = high = 1.0
    while sum(counts(high)) < target and any(own):
        low, high = high, 2 * high
    while sum(counts(low)) > target and any(width * low > 1 for one in own for width in one.values()):
        low, high = low / 2, low
    for _ in range(BISECTIONS):
        middle = sqrt(low * high)
        low, high = (low, middle) if sum(counts(middle)) > target else (middle, high)
    chosen, reached = [_times(one, low) for one in own], counts(low)
    improved = True
    while improved:
        improved = False
        for i, graph in enumerate(graphs):
            for place in chosen[i]:
                wider = {**chosen[i], place: chosen[i][place] + 1}
                count = parameters(with_widths(graph, wider))
                now = sum(reached)
                if abs(now - reached[i] + count - target) < abs(now - target):
                    chosen[i], reached[i], improved = wider, count, True
    return [with_widths(graph, one) for graph, one in zip(graphs, chosen, strict=True)]


def _times(own: Widths, factor: float) -> Widths:
    return {place: max(1, round(width * factor)) for place, width in own.items()}


def perceptron(problem: Description, output: str, units: Sequence[int]) -> Graph | None:
    """An MLP of ReLU layers for an output; None if the usual network of the output is not a single MLP."""
    graph = single_task(
        problem, output, [Dense(units=count, activation="relu", initializer="xavier") for count in units]
    )
    return graph if len(graph.networks) == 1 and KINDS[graph.networks[0].kind].layer is Dense else None


def cut_apart(graph: Graph) -> dict[str, Graph]:
    """For each output, a graph with its own copy of everything that the output depends on.

    If samples depend on a class that is given when the model generates, their graph also predicts this class and learns
    it, because the decoder reads the prediction in training. A loss is kept if the graph has its prediction and its
    truth. β of KL losses is adapted, so that the divergence weighs as much as in the whole graph although fewer
    outputs are reached.
    """
    return {output.name: _part(graph, output) for output in graph.outputs}


def _part(graph: Graph, output: Output) -> Graph:
    outputs = [output.name]
    given = graph.given if like(output.unit.type) is DataType.SAMPLES else ()
    kept: set[str] = set()
    for _ in range(1 + len(given)):
        kept = set(outputs).union(*(nx.ancestors(graph.digraph, name) for name in outputs))
        outputs += [name for name in given if name not in outputs and kept & set(graph.predictors(name))]
    connections = tuple(c for c in graph.connections if c.source in kept and c.target in kept)
    coding = {c.source for c in connections if c.role is Role.LATENT}
    losses = tuple(
        loss
        for loss in graph.losses
        if (loss.prediction in coding if loss.kind == KL else loss.prediction in kept and loss.truth in outputs)
    )
    part = graph.model_copy(
        update={
            "inputs": tuple(one for one in graph.inputs if one.name in kept),
            "networks": tuple(one for one in graph.networks if one.name in kept),
            "outputs": tuple(one for one in graph.outputs if one.name in outputs),
            "connections": connections,
            "losses": losses,
            "given": tuple(name for name in graph.given if name in outputs),
        }
    )
    whole, own = _divisors(graph), _divisors(part)
    return with_betas(
        part,
        {
            name: sum(1 / whole[name][key] for key in latents) / sum(1 / size for size in latents.values())
            for name, latents in own.items()
        },
    )


def _divisors(graph: Graph) -> dict[str, dict[str, int]]:
    """For each network with a KL loss, the number of variables that divides it, by latent connection."""
    found = {}
    for name, term in zip(divergent(graph), lower(graph).divergences, strict=True):
        latent = [c.name for c in graph.connections if c.source == name and c.role is Role.LATENT]
        found[name] = {key: size for key, (_, _, size) in zip(latent, term.latents, strict=True)}
    return found


def with_betas(graph: Graph, factors: Mapping[str, float]) -> Graph:
    """The graph with β of the KL losses of some networks multiplied by a factor."""
    return graph.model_copy(
        update={
            "losses": tuple(
                loss.model_copy(update={"beta": loss.beta * factors.get(loss.prediction, 1.0)})
                if loss.kind == KL
                else loss
                for loss in graph.losses
            )
        }
    )


def divergent(graph: Graph) -> tuple[str, ...]:
    """The networks with a KL loss."""
    return tuple(loss.prediction for loss in graph.losses if loss.kind == KL)


def equal_betas(graph: Graph, problem: Description) -> Graph:
    """The graph with β = 1 for all supervised losses. Squared errors are divided by the variance of their output."""
    losses = []
    for loss in graph.losses:
        variance = problem.variances.get(loss.truth or "")
        if loss.kind != KL:
            beta = 1 / variance if variance and LOSSES[loss.kind].squared else 1.0
            losses.append(loss.model_copy(update={"beta": beta}))
        else:
            losses.append(loss)
    return graph.model_copy(update={"losses": tuple(losses)})
