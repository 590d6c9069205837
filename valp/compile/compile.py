"""`compile`: turns a checked graph into a plan, and the plan into a torch module."""

from typing import TYPE_CHECKING

import networkx as nx

from valp.check.check import require
from valp.graph.graph import DataType, Graph, Output, Role
from valp.parts.kinds import KINDS
from valp.parts.losses import KL, LOSSES
from valp.parts.lowering import Lowering
from valp.parts.own_types import like
from valp.parts.priors import PRIORS
from valp.plan.operation import Normalise, Sample
from valp.plan.plan import Divergence, GivenClass, LatentGroup, LossTerm, Plan

if TYPE_CHECKING:  # lowering must not load torch
    from valp.compile.module import VALPModule


def compile(graph: Graph, *, seed: int | None = None) -> "VALPModule":
    """Compiles a graph into a torch module, with weights drawn by the layers' initialisers.

    Args:
        graph: the VALP.
        seed: the seed of the initial weights; None draws them from torch's global generator.

    Raises:
        GraphError: if the graph breaks a rule.
    """
    from valp.compile.module import VALPModule

    return VALPModule(lower(graph), seed=seed)


def lower(graph: Graph) -> Plan:
    """The plan of a graph.

    Raises:
        GraphError: if the graph breaks a rule.
    """
    require(graph)
    lowering = Lowering(graph)
    networks = {network.name: network for network in graph.networks}
    for name in graph.order:
        KINDS[networks[name].kind].lower(networks[name], lowering)
    outputs = {output.name: _lower_output(output, lowering) for output in graph.outputs}
    return Plan(
        inputs={model_input.name: model_input.unit.size for model_input in graph.inputs},
        operations=tuple(lowering.operations),
        outputs=outputs,
        noise=dict(lowering.noise),
        losses=_supervised(graph, lowering, outputs),
        divergences=_divergences(graph, lowering),
        given={
            o.name: GivenClass(o.unit.size, graph.predictors(o.name)) for o in graph.outputs if o.name in graph.given
        },
        groups=_groups(graph, lowering),
        spreads={o.name: o.unit.size for o in graph.outputs if _has_spread(graph, o.name)},
    )


def _lower_output(output: Output, lowering: Lowering) -> str:
    """Lowers an output. One that is Discrete or judged by its logits is normalised once, after merging."""
    discrete = like(output.unit.type) is DataType.DISCRETE
    judged = [LOSSES[x.kind] for x in lowering.graph.losses if x.truth == output.name and x.kind in LOSSES]
    by_logits = any(loss.reads == "logits" for loss in judged)
    exclusive = discrete and all(loss.truth != "labels" for loss in judged)
    arrivals = [lowering.transported(c, logits=discrete) for c in lowering.graph.incoming(output.name)]
    buffer, _ = lowering.merge(output.combiner, arrivals, f"{output.name}.in")
    if not (discrete or by_logits):
        return buffer
    lowering.logits[output.name] = buffer
    return lowering.add(Normalise(output.name, buffer, "softmax" if exclusive else "sigmoid"))


def _supervised(graph: Graph, lowering: Lowering, outputs: dict[str, str]) -> tuple[LossTerm, ...]:
    terms = []
    sizes = {output.name: output.unit.size for output in graph.outputs}
    for loss in graph.losses:
        if loss.kind == KL or loss.truth is None:
            continue
        value = outputs.get(loss.prediction, loss.prediction)
        reads_logits = LOSSES[loss.kind].reads == "logits"
        buffer = lowering.logits.get(loss.prediction, value) if reads_logits else value
        # The name has the truth, because one kind of loss may compare a prediction with two truths.
        name = ":".join((loss.kind, *dict.fromkeys((loss.prediction, loss.truth))))
        terms.append(LossTerm(name, loss.kind, buffer, loss.truth, sizes[loss.truth], loss.beta))
    return tuple(terms)


def _divergences(graph: Graph, lowering: Lowering) -> tuple[Divergence, ...]:
    sampled = {op.connection: op for op in lowering.operations if isinstance(op, Sample)}
    terms = []
    for loss in graph.losses:
        if loss.kind == KL:
            latents = tuple(
                (sampled[c.name].source, sampled[c.name].size, _generated_variables(graph, c.target))
                for c in graph.connections
                if c.source == loss.prediction and c.role is Role.LATENT
            )
            terms.append(Divergence(f"{KL}:{loss.prediction}", latents, loss.beta))
    return tuple(terms)


def _has_spread(graph: Graph, output: str) -> bool:
    judged = [LOSSES[x.kind] for x in graph.losses if x.prediction == x.truth == output and x.kind in LOSSES]
    return any(loss.spread for loss in judged) and all(loss.reads == "values" for loss in judged)


def _groups(graph: Graph, lowering: Lowering) -> tuple[LatentGroup, ...]:
    groups = []
    for network in graph.networks:
        latent = [c.name for c in graph.incoming(network.name) if c.role is Role.LATENT]
        if latent and PRIORS[network.prior].fitted:
            connections = tuple((name, lowering.noise[name]) for name in latent)
            given = _given_with(graph, network.name) if PRIORS[network.prior].by_class else None
            groups.append(LatentGroup(network.name, network.prior, connections, given))
    return tuple(groups)


def _given_with(graph: Graph, network: str) -> str | None:
    """The first given class that conditions samples together with the latent variables of a network."""
    generating = graph.generating_digraph()
    samples = [o.name for o in graph.outputs if like(o.unit.type) is DataType.SAMPLES]
    feeding = [found for found in (nx.ancestors(generating, name) for name in samples) if network in found]
    for output in graph.given:
        if any(not found.isdisjoint(graph.predictors(output)) for found in feeding):
            return output
    return None


def _generated_variables(graph: Graph, target: str) -> int:
    """The number of variables that a latent connection helps to generate.

    These are the variables of the Samples outputs that its target reaches. A decoder that reaches none counts its own
    output. A Bottleneck that reaches none generates nothing, so its KL is not divided: β is then that of Qian et al.
    """
    reached = nx.descendants(graph.digraph, target)
    sizes = [o.unit.size for o in graph.outputs if o.name in reached and like(o.unit.type) is DataType.SAMPLES]
    network = next(network for network in graph.networks if network.name == target)
    return sum(sizes) or (network.output.size if like(network.output.type) is DataType.SAMPLES else 1)
