"""Limits on the size of a graph, so that a hostile or mistaken graph is refused before memory is touched.

The limits are far above what a search draws or a CPU can train. The numbers that a document itself gives are checked
before all other rules, and those that follow from a correct graph after them.
"""

from collections import Counter
from collections.abc import Iterator
from math import prod

from valp.check.rules.facts import Facts, Finding, Rule
from valp.graph.graph import Role
from valp.graph.layers import Layer
from valp.parts.priors import PRIORS
from valp.plan.operation import Convolve, Recur
from valp.plan.plan_size import parameters_of

COMPONENTS = 1_000
"""The most inputs, networks and outputs together."""

CONNECTIONS = 2_000
"""The most connections, and the most losses."""

LAYERS = 1_000
"""The most layers of a network."""

VARIABLES = 2**24
"""The most variables of a data unit, and of what a layer makes."""

LAYER_NUMBER = 2**20
"""The largest number of a layer: units, channels, sides of a kernel, padding."""

PARAMETERS = 10**9
"""The most parameters of a graph. Those of other packages' operations are not known, so they do not count."""


def _counts(facts: Facts) -> Iterator[Finding]:
    graph = facts.graph
    for what, found, most in (
        ("components", len(graph.components), COMPONENTS),
        ("connections", len(graph.connections), CONNECTIONS),
        ("losses", len(graph.losses), CONNECTIONS),
    ):
        if found > most:
            yield "graph", f"{found:,} {what}"
    for network in graph.networks:
        if len(network.layers) > LAYERS:
            yield network.name, f"{len(network.layers):,} layers"


def _widths(facts: Facts) -> Iterator[Finding]:
    for component in facts.graph.components:
        unit = getattr(component, "unit", None) or getattr(component, "output", None)
        if unit is not None and unit.size > VARIABLES:
            yield component.name, f"{_number(unit.size)} variables"
    for network in facts.graph.networks:
        for place, layer in enumerate(network.layers):
            number = max(_numbers(layer), default=0)
            if number > LAYER_NUMBER:
                yield network.name, f"{_number(number)} in layer {place}"


def _numbers(layer: Layer) -> Iterator[int]:
    """The whole numbers of a layer."""
    for field in type(layer).model_fields:
        value = getattr(layer, field)
        yield from (part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, int))


def _values(facts: Facts) -> Iterator[Finding]:
    for operation in facts.operations:
        if isinstance(operation, Convolve):
            made = prod(operation.outputs) * prod(operation.pool)
        elif isinstance(operation, Recur):
            made = operation.units * operation.inputs[1]
        else:
            continue
        if made > VARIABLES:
            yield operation.layer.partition("-")[0], f"{_number(made)} variables"


def _parameters(facts: Facts) -> Iterator[Finding]:
    counts: Counter[str] = Counter()
    for operation in facts.operations:
        counts[operation.out.partition(".")[0]] += parameters_of(operation)
    classes = max((facts.outputs[name].unit.size for name in facts.graph.given), default=0)
    for network in facts.graph.networks:
        prior, size = PRIORS[network.prior], _latent_variables(facts, network.name)
        if size and prior.fitted:
            counts[network.name] += prior.numbers(size) + (prior.numbers(size, classes) if prior.by_class else 0)
    if counts.total() > PARAMETERS:
        name, most = counts.most_common(1)[0]
        yield name, f"{_number(counts.total())} parameters, {_number(most)} of them here"


def _latent_variables(facts: Facts, network: str) -> int:
    """The latent variables of a network: half of what each latent connection transports."""
    latent = [c for c in facts.graph.incoming(network) if c.role is Role.LATENT]
    return sum((facts.size(connection) or 0) // 2 for connection in latent)


def _number(number: int) -> str:
    return f"{number:,}" if number < 10**18 else "more than 10^18"


SIZE_RULES = (
    Rule(
        "count",
        f"a graph has at most {COMPONENTS:,} components, {CONNECTIONS:,} connections and as many losses, and a network "
        f"at most {LAYERS:,} layers",
        _counts,
    ),
    Rule(
        "width",
        f"a data unit has at most {VARIABLES:,} variables, and each number of a layer is at most {LAYER_NUMBER:,}",
        _widths,
    ),
)
"""Only these are checked in a graph that breaks one of them."""

TOTAL_RULES = (
    Rule("layer-values", f"a layer makes at most {VARIABLES:,} variables", _values),
    Rule("parameters", f"a graph has at most {PARAMETERS:,} parameters, those of its priors included", _parameters),
)
"""These are checked in a graph that keeps all other rules."""
