"""Shapes without torch: what a connection brings, what meets at a component, and what layers make of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from valp.graph.graph import Connection, DataType, DataUnit, Role
from valp.graph.layers import Layer
from valp.graph.shape import MisfitError, Shape, text
from valp.parts.combiners import COMBINERS, merged_type
from valp.parts.own_types import like

__all__ = ["Arrival", "MisfitError", "Shape", "merged", "shapes_through", "text", "transported"]


@dataclass(frozen=True)
class Arrival:
    """What reaches a component: a type and a shape.

    The shape of Features has several dimensions, unless Features of different spatial sizes were merged into a vector.
    """

    type: DataType | str
    shape: Shape

    @property
    def size(self) -> int:
        """The number of variables."""
        return prod(self.shape)


def transported(unit: DataUnit, connection: Connection) -> Arrival:
    """What a connection brings from a source with this unit.

    A latent connection brings its sampled variables, which are Numeric. Features keep their shape if ψ takes whole
    channels; any other part of them is Numeric.
    """
    size = unit.size if connection.indices is None else len(connection.indices)
    if connection.role is Role.LATENT:
        return Arrival(DataType.NUMERIC, (size // 2,))
    if connection.indices is None:
        return Arrival(unit.type, unit.shape)
    if like(unit.type) is DataType.FEATURES and len(unit.shape) > 1:
        channels = _whole_channels(connection.indices, unit.shape)
        return (
            Arrival(DataType.NUMERIC, (size,)) if channels is None else Arrival(unit.type, (channels, *unit.shape[1:]))
        )
    return Arrival(unit.type, (size,))


def merged(arrivals: Sequence[Arrival], combiner: str) -> Arrival:
    """What a combiner makes of the units that meet at a component; one unit passes unchanged."""
    if len(arrivals) == 1:
        return arrivals[0]
    found = merged_type([arrival.type for arrival in arrivals])
    size = COMBINERS[combiner].size([arrival.size for arrival in arrivals])
    spaces = {arrival.shape[1:] for arrival in arrivals}
    if like(found) is DataType.FEATURES and len(spaces) == 1 and size % max(1, prod(min(spaces))) == 0:
        spatial = spaces.pop()
        return Arrival(found, (size // prod(spatial), *spatial))
    return Arrival(found, (size,))


def shapes_through(shape: Shape, layers: Sequence[Layer]) -> list[Shape]:
    """The shapes that layers make, each from the shape that the one before it makes.

    Raises:
        MisfitError: if a layer does not fit; the message counts layers from 0.
    """
    shapes = []
    for place, layer in enumerate(layers):
        try:
            shape = layer.output_shape(shape)
        except MisfitError as misfit:
            raise MisfitError(f"layer {place}: {misfit}") from misfit
        shapes.append(shape)
    return shapes


def _whole_channels(indices: Sequence[int], shape: Shape) -> int | None:
    """The number of channels that the indices form; None if they are not whole channels, each in order."""
    area = prod(shape[1:])
    if not indices or len(indices) % area:
        return None
    for start in range(0, len(indices), area):
        first = indices[start]
        if first % area or tuple(indices[start : start + area]) != tuple(range(first, first + area)):
            return None
    return len(indices) // area
