"""Which networks of a space can serve a component."""

from collections.abc import Sequence

from valp.graph.graph import DataType, Role
from valp.parts.design import Sides, Wish
from valp.parts.kinds import KINDS, Kind, Need
from valp.parts.own_types import OWN_TYPES
from valp.spaces.generate.space import Space

Make = tuple[str, DataType | str]
"""A network that could be created: its kind, and the type of its output."""


def kinds_of(space: Space) -> tuple[Kind, ...]:
    """The kinds of a space, in its order."""
    return tuple(KINDS[code] for code in space.kinds)


def serving(space: Space, wanted: DataType | str, wish: Wish, given: Sequence[Sides]) -> tuple[Make, ...]:
    """The networks of a space that produce a wanted type. Those that need Samples themselves come last.

    Args:
        space: the space, with its kinds.
        wanted: the type.
        wish: the requirements for the network.
        given: the spatial sizes of the model inputs that are Features.
    """
    own, kinds = OWN_TYPES.get(wanted), kinds_of(space)
    makes = [
        kind
        for kind in kinds
        if kind.serves(wanted, wish, given, kinds)
        and (own is None or (kind.code in own.made_by and own.received is None))
    ]
    return tuple((kind.code, wanted) for kind in sorted(makes, key=lambda kind: kind.need(wanted) is Need.SAMPLES))


def anything(space: Space, given: Sequence[Sides]) -> tuple[Make, ...]:
    """The networks of a space for a target that takes every type: each kind once, with its usual type."""
    wish = Wish(Role.DATA)
    makes: list[Make] = []
    for kind in kinds_of(space):
        makes += [make for make in serving(space, kind.usual, wish, given) if make[0] == kind.code]
    return tuple(makes)
