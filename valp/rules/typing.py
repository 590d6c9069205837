"""Rules on types, sizes and roles (002, III-A to III-C, IV)."""

from collections.abc import Iterator

from valp.combiners import COMBINERS, merged_type
from valp.graph import DataType, Role
from valp.kinds import KINDS
from valp.rules.facts import Facts, Finding, Rule


def _roles(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        network = facts.networks.get(connection.target)
        if network is not None and network.kind in KINDS:
            allowed = tuple(KINDS[network.kind].takes)
        elif connection.target in facts.outputs:
            allowed = (Role.DATA,)
        else:
            continue
        if connection.role not in allowed:
            yield connection.name, f"role {connection.role} where {' or '.join(allowed)} is possible"


def _takes(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        network, unit = facts.networks.get(connection.target), facts.units.get(connection.source)
        if network is None or unit is None or network.kind not in KINDS:
            continue
        kind = KINDS[network.kind]
        types = kind.takes.get(connection.role)
        if types is not None and unit.type not in types:
            yield connection.name, f"{unit.type} as {connection.role} into a {kind.title}"


def _mixture(facts: Facts) -> Iterator[Finding]:
    for name in facts.outputs:
        types = facts.arriving_types(name)
        if types is not None and set(types) == {DataType.DISCRETE, DataType.FEATURES}:
            yield name, "both"


def _produces(facts: Facts) -> Iterator[Finding]:
    for network in facts.graph.networks:
        types = facts.arriving_types(network.name)
        if types is None or network.kind not in KINDS:
            continue
        merged = merged_type(types)
        if network.output.type not in KINDS[network.kind].produces(merged):
            yield network.name, f"{network.output.type} from a {KINDS[network.kind].title} that receives {merged}"


def _output_type(facts: Facts) -> Iterator[Finding]:
    for output in facts.graph.outputs:
        types = facts.arriving_types(output.name)
        if types is not None and merged_type(types) is not output.unit.type:
            yield output.name, f"{merged_type(types)} for {output.unit.type}"


def _output_size(facts: Facts) -> Iterator[Finding]:
    for output in facts.graph.outputs:
        sizes = [facts.size(connection) for connection in facts.graph.incoming(output.name)]
        known = [size for size in sizes if size is not None]
        if not known or len(known) < len(sizes) or output.combiner not in COMBINERS:
            continue
        merged = known[0] if len(known) == 1 else COMBINERS[output.combiner].size(known)
        if merged != output.unit.size:
            yield output.name, f"{merged} variables for {output.unit.size}"
        elif COMBINERS[output.combiner].elementwise and max(known) > merged:
            yield output.name, f"units of {min(known)} to {max(known)} variables for {output.unit.size}"


def _latent_source(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        is_input = connection.source in facts.units and connection.source not in facts.networks
        if connection.role is Role.LATENT and is_input:
            yield connection.name, f"input {connection.source!r}"


def _latent_needed(facts: Facts) -> Iterator[Finding]:
    for network in facts.graph.networks:
        if network.kind not in KINDS or not KINDS[network.kind].needs_latent:
            continue
        kinds = [
            facts.networks[c.source].kind
            for c in facts.graph.incoming(network.name)
            if c.role is Role.LATENT and c.source in facts.networks
        ]
        if "g" not in kinds:
            yield network.name, f"latent connections from {', '.join(kinds)}" if kinds else "no latent connection"


def _latent_size(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        if connection.role is Role.LATENT and facts.size(connection) == 1:
            yield connection.name, "one variable"


def _latent_odd(facts: Facts) -> Iterator[Finding]:
    for connection in facts.graph.connections:
        size = facts.size(connection)
        if connection.role is Role.LATENT and size is not None and size > 1 and size % 2:
            yield connection.name, f"{size} variables, so the last one is dropped"


TYPING_RULES = (
    Rule(
        "role", "a connection has a role that its target knows: latent or condition into a decoder, else data", _roles
    ),
    Rule("takes", "a network receives types that its kind takes", _takes),
    Rule("mixture", "Discrete and Features do not meet at a model output", _mixture),
    Rule("produces", "a network produces a type that its kind can make of what it receives", _produces),
    Rule("output-type", "what reaches a model output has its type", _output_type),
    Rule("output-size", "what reaches a model output has its size", _output_size),
    Rule(
        "latent-source", "a latent connection starts from a network, for nothing could train an input", _latent_source
    ),
    Rule("latent-needed", "a decoder has a latent connection from a Generic MLP", _latent_needed),
    Rule("latent-size", "a latent connection carries at least a mean and a log variance", _latent_size),
)

TYPING_NOTES = (Rule("latent-odd", "a latent connection has an even number of variables", _latent_odd),)
