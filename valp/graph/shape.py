"""Shapes of data units, and the error of a layer that does not fit one."""

from collections.abc import Sequence

from valp.errors import ValpError

Shape = tuple[int, ...]
"""(k,) of a vector; (C, H, W) or (C, T) of Features."""


class MisfitError(ValpError):
    """A layer does not fit the shape that it receives. The message says what was found."""


def text(shape: Sequence[int]) -> str:
    """A shape as text, `3×28×28`."""
    return "×".join(map(str, shape))
