"""Which networks of a space can serve a component."""

from collections.abc import Sequence

from valp.errors import SettingError
from valp.graph.graph import DataType, Input, Output, Role
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


def serving_output(
    space: Space, output: Output, image: tuple[int, int, int] | None, given: Sequence[Sides]
) -> tuple[Make, ...]:
    """The networks of a space that could serve an output; `image` is its (C, H, W) if it is a picture.

    Raises:
        SettingError: if there is none.
    """
    makes = serving(space, output.unit.type, Wish(Role.DATA, unit=output.unit, image=image), given)
    if not makes:
        raise SettingError(
            f"the {space.name} space ({', '.join(space.kinds)}) has no network kind that produces output "
            f"{output.name!r}; the full space has every kind"
        )
    return makes


def needs_broad(space: Space, inputs: Sequence[Input], by_output: Sequence[Sequence[Make]]) -> bool:
    """Whether an input may need a network that takes any data, and no output is sure to bring one.

    Inputs that are all Features of one spatial size need none, if a kind of the space reads that size: in a graph
    without a network that takes any data, every other network reads it too.

    Args:
        space: the space.
        inputs: the model inputs.
        by_output: for each output, the networks that could serve it.

    Raises:
        SettingError: if there is such an input, and no output can have such a network.
    """
    read = [part.unit.shape[1:] if part.unit.type is DataType.FEATURES else () for part in inputs]
    alike = set(read) == {read[0]} and any(kind.reads_sides(read[0]) for kind in kinds_of(space) if read[0])
    if alike or any(all(map(_brings_broad, makes)) for makes in by_output):
        return False
    if not any(KINDS[kind].takes_any_data for makes in by_output for kind, _ in makes):
        other = next((part.name for part, sides in zip(inputs, read, strict=True) if sides != read[0]), inputs[0].name)
        raise SettingError(
            f"the {space.name} space ({', '.join(space.kinds)}) makes every output of this problem from features only, "
            f"so all inputs must be features of one spatial size, but {inputs[0].name!r} and {other!r} are not"
        )
    return True


def _brings_broad(make: Make) -> bool:
    """Whether a network takes any data, or needs a source that leads to a network that does."""
    kind = KINDS[make[0]]
    return kind.takes_any_data or kind.need(make[1]) is not None


def anything(space: Space, given: Sequence[Sides]) -> tuple[Make, ...]:
    """The networks of a space for a target that takes every type: each kind once, with its usual type."""
    wish = Wish(Role.DATA)
    makes: list[Make] = []
    for kind in kinds_of(space):
        makes += [make for make in serving(space, kind.usual, wish, given) if make[0] == kind.code]
    return tuple(makes)
