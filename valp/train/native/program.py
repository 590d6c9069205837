"""The program that the native interpreter runs: tables of numbers.

A buffer of the plan is a (batch, size) block of one flat array. Its gradient is the block at the same place of a second
array. A row of a table is an operation: its code, then

    forward    out, size, source, stride of the source, and
               GATHER            address of the data, number of rows
               GATHER_SELECTED   address, number of rows, place in `indices`
               ADD               stride of out, divisor, added
               SELECT            place in `indices`
               AFFINE            inputs, weight, bias, activation
               PRODUCT           place and number of the sources in `indices`
               GATE              gates, added
               SAMPLE            first variable of its noise
    losses     term, size, prediction, stride, truth, weights, columns of the weights, added, number of rows, gradient
               SCALE             term, size, gradient of the prediction, size, gradient, 0, 0, added
    backward   the same as forward, but
               AFFINE_BACK       also the ends of the columns [low, high) whose gradient is needed, added, shift
               PRODUCT_BACK      also the number of the source whose gradient it computes
               GATE_BACK         gates, whether the gradient of the source is needed, shift

`added` is 1 if the result is added to the target, 0 if it replaces it. The gradient of the parameter at place i is
written to place i + `shift` of its array.

A step runs `forward`, then the parts of the program in turn. A part is some rows of `losses`, then some of `backward`.
There are three forms of program, by what a balancing method needs:

    sum        one part: Σ_j w_j·L_j with weights that are known before the step
    weigh      two parts: the losses, each with a gradient of its own; then their sum with weights that may depend on
               them (SCALE rows), and its gradient
    separate   a part for each loss, with the gradient of this loss alone. The parameters of a group (see
               `valp.train.balance.loss_reach`) are next to each other, and so are their gradients
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Form = Literal["sum", "weigh", "separate"]

FIELDS = 13
ALIGNMENT = 16
"""Blocks start at multiples of this many numbers, one cache line."""


class UnsupportedError(Exception):
    """The native executor cannot run something. The message names it in a few words."""


@dataclass(frozen=True)
class NativeData:
    """The address, the number of rows and the columns of an array."""

    address: int
    count: int
    columns: int


@dataclass(frozen=True)
class Block:
    """The place of a buffer in the flat array, and the columns [low, high) whose gradient is needed."""

    offset: int
    size: int
    low: int
    high: int

    @property
    def differentiable(self) -> bool:
        """Whether any gradient is needed."""
        return self.high > self.low


@dataclass(frozen=True)
class GroupPlace:
    """The places of one group of parameters in a program that is `separate`.

    Attributes:
        low, high: the parameters are at [low, high) of their array, with padding.
        gradients: the place of their gradients: (losses, high − low), a row for each loss that reaches the group.
        losses: these losses.
    """

    low: int
    high: int
    gradients: int
    losses: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """The tables, and the sizes of the arrays that they work on.

    Attributes:
        forward, losses, backward: the operations.
        parts: (parts, 4), the ends of each part's rows in `losses` and in `backward`.
        indices: the lists of indices that the operations refer to, one after the other.
        parameters: the place of each parameter of the module, by its name in `state_dict`.
        groups: the groups of parameters, if the program is `separate`.
        size: the numbers in all buffers, padding included.
        weights: the numbers in all parameters, padding included.
        slopes: the numbers in all gradients of parameters, padding included.
        noise: the first noise variable of each latent connection, by the connection's name.
    """

    forward: NDArray[np.int64]
    losses: NDArray[np.int64]
    backward: NDArray[np.int64]
    parts: NDArray[np.int64]
    indices: NDArray[np.int64]
    parameters: dict[str, int]
    groups: tuple[GroupPlace, ...]
    size: int
    weights: int
    slopes: int
    noise: dict[str, int]
