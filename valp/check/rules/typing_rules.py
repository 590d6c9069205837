"""Rules on types, sizes and roles (Garciarena et al., III-A to III-C and IV)."""

from collections.abc import Iterator

from valp.check.rules.facts import Facts, Finding, Rule
from valp.graph.graph import DataType, PrimaryNetwork, Role
from valp.parts.combiners import COMBINERS, merged_type
from valp.parts.kinds import ANY, KINDS, Kind
from valp.parts.losses import LOSSES
from valp.parts.own_types import OWN_TYPES, like
from valp.parts.shapes import MisfitError, text, transported


def takes(kind: Kind, role: Role, unit_type: DataType | str) -> bool:
    """Whether a kind accepts a type in a role. A kind that accepts every type also accepts a user's own types."""
    known = kind.takes.get(role, frozenset())
    own = OWN_TYPES.get(unit_type)
    if own is None:
        return unit_type in known
    return known == ANY or (kind.code in own.taken_by and own.like in known)


def produces(kind: Kind, received: list[DataType | str], unit_type: DataType | str) -> bool:
    """Whether a kind can produce a type from the types that it receives."""
    merged = like(merged_type(received)) or DataType.NUMERIC
    own = OWN_TYPES.get(unit_type)
    if own is None:
        return unit_type in kind.produces(merged)
    served = own.received is None or not own.received.isdisjoint(received)
    return kind.code in own.made_by and own.like in kind.produces(merged) and served


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
        brought = unit.type if connection.role is Role.LATENT else transported(unit, connection).type
        if connection.role in kind.takes and like(unit.type) is not None and not takes(kind, connection.role, brought):
            part = "" if brought == unit.type else f" (of {unit.type}, less than whole channels)"
            yield connection.name, f"{brought}{part} as {connection.role} into a {kind.title}"


def _guaranteed(facts: Facts) -> Iterator[Finding]:
    for network in facts.graph.networks:
        types = facts.arriving_types(network.name)
        needs = KINDS[network.kind].needs if network.kind in KINDS else frozenset()
        if types and needs and needs.isdisjoint({like(found) for found in types}):
            yield network.name, f"only {', '.join(sorted(set(types)))}"


def _mixture(facts: Facts) -> Iterator[Finding]:
    for name in facts.outputs:
        types = facts.arriving_types(name)
        if types is not None and {like(found) for found in types} == {DataType.DISCRETE, DataType.FEATURES}:
            yield name, "both"


def _produces(facts: Facts) -> Iterator[Finding]:
    for network in facts.graph.networks:
        types = facts.arriving_types(network.name)
        if types is None or network.kind not in KINDS:
            continue
        kind, made = KINDS[network.kind], network.output.type
        if like(made) is not None and not produces(kind, types, made):
            yield network.name, f"{made} from a {kind.title} that receives {merged_type(types)}"


def _layers(facts: Facts) -> Iterator[Finding]:
    for network in facts.graph.networks:
        if network.kind not in KINDS:
            continue
        kind = KINDS[network.kind]
        for i, layer in enumerate(network.layers):
            if kind.layer is None or not isinstance(layer, kind.layer):
                yield network.name, f"layer {i}, {layer.form}, in a {kind.title}"
                break
        if len(network.layers) < kind.fewest_layers:
            yield network.name, f"a {kind.title} of {len(network.layers)} layers"


def _layers_belong(network: PrimaryNetwork) -> bool:
    kind = KINDS.get(network.kind)
    return (
        kind is not None
        and len(network.layers) >= kind.fewest_layers
        and all(kind.layer is not None and isinstance(layer, kind.layer) for layer in network.layers)
    )


def _made_shapes(facts: Facts) -> Iterator[tuple[PrimaryNetwork, tuple[int, ...] | MisfitError]]:
    """The shape that each network's layers make of what reaches it, if that can be determined."""
    for network in facts.graph.networks:
        arriving = facts.merged(network)
        if arriving is None or not _layers_belong(network):
            continue
        kind = KINDS[network.kind]
        try:
            yield network, kind.shape(network, arriving)
        except MisfitError as misfit:
            yield network, misfit


def _layers_fit(facts: Facts) -> Iterator[Finding]:
    for network, made in _made_shapes(facts):
        if isinstance(made, MisfitError):
            met = dict.fromkeys(arrival.shape for arrival in facts.arrivals(network.name) or ())
            several = len({shape[1:] for shape in met}) > 1
            yield network.name, f"{made}{', where ' + ' and '.join(map(text, met)) + ' meet' if several else ''}"


def _layers_make(facts: Facts) -> Iterator[Finding]:
    for network, made in _made_shapes(facts):
        if not isinstance(made, MisfitError) and made != network.output.shape:
            yield network.name, f"{text(made)} for an output of {text(network.output.shape)}"


def _output_type(facts: Facts) -> Iterator[Finding]:
    for output in facts.graph.outputs:
        types = facts.arriving_types(output.name)
        if types is not None and like(output.unit.type) is not None and merged_type(types) != output.unit.type:
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
        elif like(output.unit.type) is DataType.FEATURES:
            made = facts.merged(output)
            if made is not None and like(made.type) is DataType.FEATURES and made.shape != output.unit.shape:
                yield output.name, f"Features of {text(made.shape)} for {text(output.unit.shape)}"


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
        if not any(KINDS[kind].encodes for kind in kinds if kind in KINDS):
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


def _given_class(facts: Facts) -> Iterator[Finding]:
    labels = {loss.truth for loss in facts.graph.losses if loss.kind in LOSSES and LOSSES[loss.kind].truth == "labels"}
    for name in facts.graph.given:
        if name in labels:
            yield name, "labels"
        elif not facts.graph.predictors(name):
            yield name, "no such network" if name in facts.outputs else "no such output"


TYPING_RULES = (
    Rule(
        "role",
        "a connection has a role that its target accepts: latent or condition into a decoder, latent into a "
        "bottleneck, else data",
        _roles,
    ),
    Rule("takes", "a network receives only types that its kind accepts", _takes),
    Rule("guaranteed", "a transposed-convolutional decoder receives Numeric or Features", _guaranteed),
    Rule("mixture", "Discrete and Features do not meet at a model output", _mixture),
    Rule("produces", "a network produces a type that its kind can make from what it receives", _produces),
    Rule("layers", "a network has the layers that its kind requires", _layers),
    Rule("layers-fit", "each layer fits the shape that reaches it", _layers_fit),
    Rule("layers-make", "the layers of a network make the shape of its output", _layers_make),
    Rule("output-type", "what reaches a model output has the output's type", _output_type),
    Rule("output-size", "what reaches a model output has the output's size, and Features its shape", _output_size),
    Rule(
        "latent-source",
        "a latent connection starts from a network, because an input cannot be trained",
        _latent_source,
    ),
    Rule("latent-needed", "a decoder or bottleneck has a latent connection from a Generic MLP", _latent_needed),
    Rule("latent-size", "a latent connection carries at least a mean and a log variance", _latent_size),
    Rule(
        "given-class",
        "a class that is given when generating is that of a Discrete output that a Discrete network of its size feeds",
        _given_class,
    ),
)

TYPING_NOTES = (Rule("latent-odd", "a latent connection has an even number of variables", _latent_odd),)
