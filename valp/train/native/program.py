"""The program that the native interpreter runs: tables of numbers.

A buffer of the plan is a block (batch, size) of one flat array, and its gradient the block at the same place of
another. A row of a table is an operation: its code, then

    forward    out, size, source, stride of the source, and
               GATHER            address of the data, their number
               GATHER_SELECTED   address, number, place in `indices`
               ADD               stride of out, divisor, added
               SELECT            place in `indices`
               AFFINE            inputs, weight, bias, activation
               PRODUCT           place and number of the sources in `indices`
               GATE              gates, added
               SAMPLE            first variable of its noise
    losses     term, size, prediction, stride, truth, weights, columns of the weights, added, number of the data
    backward   the same as forward, but
               AFFINE_BACK       then the first column of the source whose gradient is needed, the last, added
               PRODUCT_BACK      then which source it is for
               GATE_BACK         gates, whether the gradient of the source is needed
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FIELDS = 12
ALIGNMENT = 16
"""Blocks start at multiples of this many numbers: a line of the cache."""


class UnsupportedError(Exception):
    """The native executor cannot run something; the message says what, in a few words."""


@dataclass(frozen=True)
class NativeData:
    """The address, the number of rows and the columns of an array."""

    address: int
    count: int
    columns: int


@dataclass(frozen=True)
class Block:
    """The place of a buffer, and the columns [low, high) whose gradient is needed."""

    offset: int
    size: int
    low: int
    high: int

    @property
    def differentiable(self) -> bool:
        """Whether any gradient is needed."""
        return self.high > self.low


@dataclass(frozen=True)
class Program:
    """The tables, and the sizes of the arrays that they work on.

    Attributes:
        forward, losses, backward: the operations.
        indices: the lists of numbers that the operations refer to.
        parameters: the place of each parameter of the module, by its name in `state_dict`.
        size: how many numbers all buffers have.
        weights: how many numbers all parameters have.
        noise: the first variable of each latent connection's noise, by its name.
    """

    forward: NDArray[np.int64]
    losses: NDArray[np.int64]
    backward: NDArray[np.int64]
    indices: NDArray[np.int64]
    parameters: dict[str, int]
    size: int
    weights: int
    noise: dict[str, int]
