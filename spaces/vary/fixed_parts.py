"""What of a graph that Algorithm 1 did not draw must keep the connections it has.

Algorithm 1 knows how its own networks may be connected. A graph made by hand may have others: a recurrent network that
reads a vector as a sequence, an output that concatenates, a kind of which the space has no source. They stay as they
are, and can be read, copied and, with what they feed, be removed.
"""

from collections.abc import Sequence

from valp.graph.graph import DataType, DataUnit, Output, PrimaryNetwork, Role
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.kinds.kind import ANY, Kind
from valp.parts.own_types import OWN_TYPES, like
from valp.parts.shapes import Arrival
from valp.spaces.generate.designs import Sides
from valp.spaces.generate.space import Space


def read_sides(network: PrimaryNetwork, arriving: Sequence[Arrival], given: Sequence[Sides]) -> Sides | None:
    """The spatial size of the Features that a network reads; None if it does not know shapes, or none of the model's.

    Args:
        network: the network.
        arriving: what reaches it.
        given: the spatial sizes of the model inputs that are Features.
    """
    if network.kind not in ("c", "r"):
        return None
    sides = {arrival.shape[1:] if arrival.type is DataType.FEATURES else () for arrival in arriving}
    return next(iter(sides)) if len(sides) == 1 and sides <= set(given) else None


def is_fixed_network(network: PrimaryNetwork, sources: Sequence[str], reads: Sides | None, space: Space) -> bool:
    """Whether a network must keep its connections.

    Args:
        network: the network.
        sources: the kinds of the networks that it reads.
        reads: as of `read_sides`.
        space: what could serve it.
    """
    kind, own = network.kind, OWN_TYPES.get(network.output.type)
    if own is not None and own.received is not None:
        return True
    if kind in ("c", "r"):
        return reads is None
    if kind == "b":
        return len(sources) != 1
    if kind == "t":
        return "b" not in sources or "b" not in space.kinds
    if kind == "d":
        return False
    if kind == "g" and like(network.output.type) is DataType.SAMPLES:
        return own is not None or "d" not in space.kinds
    return not _takes_anything(KINDS[kind], network.output.type)


def is_fixed_output(output: Output, unit: DataUnit) -> bool:
    """Whether an output must keep its connections, one of which brings this unit: no space would merge them so."""
    return not COMBINERS[output.combiner].elementwise or unit.type != output.unit.type


def _takes_anything(kind: Kind, made: DataType | str) -> bool:
    """Whether a kind makes this type of whatever reaches it."""
    adapts = (
        type(kind).shape is Kind.shape and kind.takes.get(Role.DATA) == ANY and not (kind.needs or kind.needs_latent)
    )
    return adapts and all(like(made) in kind.produces(merged) for merged in DataType)
