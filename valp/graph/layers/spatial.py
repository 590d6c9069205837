"""What convolutions and transposed convolutions share: settings with one number per spatial dimension."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from valp.graph.shape import MisfitError, Shape, text

Sides = Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=2)]
"""One number per spatial dimension: (H, W) of an image, (T,) of a sequence."""

Padding = Annotated[tuple[NonNegativeInt, ...], Field(min_length=1, max_length=2)]
"""The same, but a number may be 0."""


def sides(shape: Shape, kernel: Sides, stride: Sides, padding: Padding, pool: Sides) -> list[tuple[int, ...]]:
    """Each spatial side of a shape with its kernel, stride, padding and pool.

    Raises:
        MisfitError: if one of them has a different number of dimensions than the shape.
    """
    numbers = (kernel, stride, padding, pool)
    if any(len(part) != len(shape) - 1 for part in numbers):
        other = f", stride {text(stride)}, pool {text(pool)}" if len({len(part) for part in numbers}) > 1 else ""
        raise MisfitError(f"{window_text(shape, kernel, padding)}{other}")
    return list(zip(shape[1:], *numbers, strict=True))


def window_text(shape: Shape, kernel: Sides, padding: Padding) -> str:
    """A kernel and what it reads, for an error message."""
    read = text(shape) if len(shape) > 1 else f"a vector of {shape[0]}"
    return f"a kernel of {text(kernel)} on {read} with padding {text(padding)}"


def sides_text(numbers: Sequence[int]) -> str:
    """`3` if all sides are equal, else `3×5`."""
    return str(numbers[0]) if len(set(numbers)) == 1 else text(numbers)
