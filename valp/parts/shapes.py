"""Shapes without torch: what a connection brings, what meets at a component, and what layers make of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeVar

from valp.errors import ValpError
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    DataUnit,
    Role,
    TransposedConvolution,
)
from valp.parts.combiners import COMBINERS, merged_type
from valp.parts.own_types import like

Shape = tuple[int, ...]
"""(k,) of a vector; (C, H, W) or (C, T) of Features."""

L = TypeVar("L")
"""A form of layer."""


class MisfitError(ValpError):
    """A layer that does not fit what it receives; the text says what was found."""


@dataclass(frozen=True)
class Arrival:
    """What reaches a component: a type, and a shape.

    Features have a shape of more than one dimension, unless they met others of another spatial size: then what is
    left is a vector.
    """

    type: DataType | str
    shape: Shape

    @property
    def size(self) -> int:
        """The number of variables."""
        return prod(self.shape)


def transported(unit: DataUnit, connection: Connection) -> Arrival:
    """What a connection brings from a source that has this unit.

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


def shapes_through(shape: Shape, layers: Sequence[L], made: Callable[[Shape, L], Shape]) -> list[Shape]:
    """The shape that each of several layers makes, `made` being what one makes.

    Raises:
        MisfitError: if a layer, which is named by its place from 0, does not fit.
    """
    shapes = []
    for place, layer in enumerate(layers):
        try:
            shape = made(shape, layer)
        except MisfitError as misfit:
            raise MisfitError(f"layer {place}: {misfit}") from misfit
        shapes.append(shape)
    return shapes


def convolved(shape: Shape, layer: Convolution) -> Shape:
    """The shape that a convolution makes of (C, …).

    Raises:
        MisfitError: if it does not fit.
    """
    result = []
    for n, kernel, stride, padding, pool in _sides(shape, layer):
        if n + 2 * padding < kernel:
            raise MisfitError(_told(shape, layer))
        result.append(((n + 2 * padding - kernel) // stride + 1) // pool)
    if 0 in result:
        raise MisfitError(f"pooling by {text(layer.pool)} leaves nothing of {_told(shape, layer)}")
    return (layer.channels, *result)


def transposed(shape: Shape, layer: TransposedConvolution) -> Shape:
    """The shape that a transposed convolution makes of (C, …).

    Raises:
        MisfitError: if it does not fit.
    """
    result = [(n - 1) * stride - 2 * padding + kernel for n, kernel, stride, padding, _ in _sides(shape, layer)]
    if min(result) < 1:
        raise MisfitError(f"nothing is left of {_told(shape, layer)}")
    return (layer.channels, *result)


def text(shape: Sequence[int]) -> str:
    """A shape in prose, `3×28×28`."""
    return "×".join(map(str, shape))


def _sides(shape: Shape, layer: Convolution | TransposedConvolution) -> list[tuple[int, ...]]:
    """Each spatial side with its kernel, stride, padding and pool."""
    pool = layer.pool if isinstance(layer, Convolution) else (1,) * len(layer.kernel)
    numbers = (layer.kernel, layer.stride, layer.padding, pool)
    if any(len(part) != len(shape) - 1 for part in numbers):
        other = f", stride {text(layer.stride)}, pool {text(pool)}" if len({len(part) for part in numbers}) > 1 else ""
        raise MisfitError(f"{_told(shape, layer)}{other}")
    return list(zip(shape[1:], *numbers, strict=True))


def _told(shape: Shape, layer: Convolution | TransposedConvolution) -> str:
    read = text(shape) if len(shape) > 1 else f"a vector of {shape[0]}"
    return f"a kernel of {text(layer.kernel)} on {read} with padding {text(layer.padding)}"


def _whole_channels(indices: Sequence[int], shape: Shape) -> int | None:
    """The number of channels that indices make up, each whole and in order; None if they do not."""
    area = prod(shape[1:])
    if not indices or len(indices) % area:
        return None
    for start in range(0, len(indices), area):
        first = indices[start]
        if first % area or tuple(indices[start : start + area]) != tuple(range(first, first + area)):
            return None
    return len(indices) // area
