"""The choices behind a candidate, as numbers. `importance` explains scores by them."""

from math import log10

import networkx as nx

from valp.graph.graph import Dense, Graph, PrimaryNetwork, Role
from valp.parts.kinds import KINDS
from valp.parts.losses import KL
from valp.parts.priors import STANDARD_NORMAL
from valp.spaces.candidate import Candidate
from valp.train.balance import Balance


def features_of(candidate: Candidate) -> dict[str, float]:
    """The choices behind a candidate by name. A choice that it did not make is absent."""
    graph = candidate.graph
    made = _shape(graph) | _kinds(graph) | _words(graph) | _betas(graph) | _balance(candidate.training.balance)
    made["learning rate (log)"] = log10(candidate.training.learning_rate)
    made["weights inherited (share of networks)"] = len(candidate.inherits) / max(len(graph.networks), 1)
    made["samples its ancestors saw"] = float(candidate.lineage_samples)
    return made


def _shape(graph: Graph) -> dict[str, float]:
    latent = [c for c in graph.connections if c.role is Role.LATENT]
    generating = graph.generating_digraph()
    inputs = [model_input.name for model_input in graph.inputs]
    inputs += [name for output in graph.given for name in graph.predictors(output)]
    reached = set(inputs).union(*(nx.descendants(generating, name) for name in inputs))
    samples = [output.name for output in graph.outputs if output.unit.type == "samples"]
    made = {
        "networks": float(len(graph.networks)),
        "connections per network": len(graph.connections) / max(len(graph.networks), 1),
        "depth of the graph": float(nx.dag_longest_path_length(graph.digraph, weight=None, default_weight=1)),
        "latent connections": float(len(latent)),
        "latent variables": float(sum(_size(graph, c.source, c.indices) // 2 for c in latent)),
        "partial connections (share)": _share([c.indices is not None for c in graph.connections]),
    }
    drawn = {c.target for c in latent}
    fitted = [network.prior != STANDARD_NORMAL.code for network in graph.networks if network.name in drawn]
    if any(fitted):
        made["latent variables with a fitted prior (share of networks)"] = _share(fitted)
    if samples:
        made["samples conditioned"] = float(any(name in reached for name in samples))
    return made


def _kinds(graph: Graph) -> dict[str, float]:
    counts = dict.fromkeys(KINDS, 0)
    for network in graph.networks:
        counts[network.kind] = counts.get(network.kind, 0) + 1
    return {f"networks of kind {KINDS[code].title if code in KINDS else code}": float(n) for code, n in counts.items()}


def _words(graph: Graph) -> dict[str, float]:
    """Hidden layers: their number and width, the share of each activation, and the combiners of merging networks."""
    dense = [layer for network in graph.networks for layer in network.layers if isinstance(layer, Dense)]
    count = sum(len(network.layers) for network in graph.networks)
    made = {"layers per network": count / max(len(graph.networks), 1)}
    if dense:
        made["mean width of dense layers"] = sum(layer.units for layer in dense) / len(dense)
        for word in sorted({layer.activation for layer in dense}):
            made[f"{word} layers (share)"] = _share([layer.activation == word for layer in dense])
    merging = [network.combiner for network in graph.networks if len(graph.incoming(network.name)) > 1]
    for word in sorted(set(merging)):
        made[f"{word} where networks merge (share)"] = merging.count(word) / len(merging)
    return made


def _betas(graph: Graph) -> dict[str, float]:
    made: dict[str, float] = {}
    for loss in graph.losses:
        name = "β of KL (log)" if loss.kind == KL else f"β of {loss.kind} of {loss.prediction} (log)"
        made[name] = made.get(name, 0.0) + loss.beta
    return {name: log10(max(beta, 1e-12)) for name, beta in made.items()}


def _balance(balance: Balance) -> dict[str, float]:
    """The balancing method and its settings."""
    made = {f"losses balanced by {balance.method}": 1.0}
    for name, value in balance.settings.items():
        if isinstance(value, str):
            made[f"{name} {value} of {balance.method}"] = 1.0
        else:
            made[f"{name} of {balance.method}"] = float(value)
    return made


def _size(graph: Graph, source: str, indices: tuple[int, ...] | None) -> int:
    units = {c.name: c.output if isinstance(c, PrimaryNetwork) else c.unit for c in graph.components}
    return units[source].size if indices is None else len(indices)


def _share(flags: list[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
