"""Which components of a graph must keep their connections, if Algorithm 1 did not draw the graph.

Algorithm 1 can only connect networks like its own. A hand-made graph may have others: a recurrent network that reads a
vector as a sequence, an output that concatenates, a kind for which the space has no source. Their connections are
fixed. Such networks can be read and copied, and they are removed together with what they feed.
"""

from collections.abc import Sequence

from valp.graph.graph import DataType, DataUnit, Output, PrimaryNetwork, Role
from valp.parts.combiners import COMBINERS
from valp.parts.design import Sides, Wish
from valp.parts.kinds import KINDS, Kind, Need
from valp.parts.own_types import OWN_TYPES, like
from valp.parts.shapes import Arrival
from valp.spaces.generate.makes import kinds_of
from valp.spaces.generate.space import Space


def read_sides(network: PrimaryNetwork, arriving: Sequence[Arrival], given: Sequence[Sides]) -> Sides | None:
    """The spatial size of the Features that a network reads by their shape; None if it is not that of a model input.

    Args:
        network: the network.
        arriving: the data that reaches it.
        given: the spatial sizes of the model inputs that are Features.
    """
    if not KINDS[network.kind].by_shape:
        return None
    sides = {arrival.shape[1:] if arrival.type is DataType.FEATURES else () for arrival in arriving}
    return next(iter(sides)) if len(sides) == 1 and sides <= set(given) else None


def is_fixed_network(network: PrimaryNetwork, sources: Sequence[str], reads: Sides | None, space: Space) -> bool:
    """Whether a network must keep its connections.

    Args:
        network: the network.
        sources: the kinds of the networks that it reads.
        reads: the result of `read_sides`.
        space: the space, whose kinds could serve it.
    """
    kind, own, made = KINDS[network.kind], OWN_TYPES.get(network.output.type), network.output.type
    if own is not None and own.received is not None:
        return True
    if kind.by_shape:
        return reads is None
    if kind.one_source:
        return len(sources) != 1
    match kind.need(made):
        case Need.CODE | Need.WIDE_CODE:
            return False
        case Need.SAMPLED:
            sampling = {row.code for row in kinds_of(space) if row.only_samples}
            return not sampling or not any(KINDS[source].only_samples for source in sources if source in KINDS)
        case Need.SAMPLES:
            return not kind.serves(made, Wish(Role.DATA), (), kinds_of(space))
    return not _takes_anything(kind, made)


def is_fixed_output(output: Output, unit: DataUnit) -> bool:
    """Whether an output must keep its connections, one of which has this unit, because no space would draw them."""
    return not COMBINERS[output.combiner].elementwise or unit.type != output.unit.type


def _takes_anything(kind: Kind, made: DataType | str) -> bool:
    """Whether a kind can make this type from any data."""
    able = kind.adapts and kind.takes_any_data and not (kind.needs or kind.needs_latent)
    return able and all(like(made) in kind.produces(merged) for merged in DataType)
