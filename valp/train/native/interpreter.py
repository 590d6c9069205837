"""`Interpreter`: a program with the arrays that it works on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valp.train.native.kernels import train
from valp.train.native.program import FIELDS, Program

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]

NOTHING: Integers = np.zeros((0, FIELDS), np.int64)
"""A table without operations."""

NO_UPDATE: Integers = np.zeros((0, 4), np.int64)
NO_PART: Integers = np.zeros((0, 4), np.int64)


@dataclass(frozen=True)
class Batches:
    """What some steps work on.

    Attributes:
        rows: (steps, batch), the examples.
        noise: (steps, n), the noise: (batch, k) for each latent connection, one after the other.
        rates: (steps,), the learning rates.
    """

    rows: Integers
    noise: Floats
    rates: Doubles

    def __getitem__(self, step: int) -> "Batches":
        """One step."""
        part = slice(step, step + 1)
        return Batches(self.rows[part], self.noise[part], self.rates[part])


class Interpreter:
    """Runs a program.

    Args:
        program: the program.
        losses: K.
        momentum: that of stochastic gradient descent; None for Adam.

    Attributes:
        program: the program.
        parameters: the parameters, flat.
        slopes: their gradients, flat.
        terms: (K,), the loss terms of the last step.
        sums: (K,), the sums of the loss terms.
    """

    def __init__(self, program: Program, losses: int, momentum: float | None = None) -> None:
        self.program, self._momentum = program, -1.0 if momentum is None else momentum
        self.parameters, self._means, self._squares = (np.zeros(program.weights, np.float32) for _ in range(3))
        self.slopes = np.zeros(program.slopes, np.float32)
        self._values, self._gradients = (np.zeros(program.size, np.float32) for _ in range(2))
        self._counts = np.zeros(max(len(program.groups), 1), np.int64)
        self.terms, self.sums, self._uncounted = (np.zeros(losses) for _ in range(3))

    @property
    def whole(self) -> Integers:
        """The update of all parameters."""
        return np.array([[0, self.program.weights, 0, 0]], np.int64)

    def run(
        self,
        batches: Batches,
        weights: Doubles,
        *,
        forward: bool = True,
        parts: Integers = NO_PART,
        updates: Integers = NO_UPDATE,
        counted: bool = True,
    ) -> None:
        """Runs the parts of some steps that are asked for.

        Args:
            batches: the examples of the steps.
            weights: (steps, K), the weights of the losses.
            forward: whether to compute the predictions.
            parts: rows of `Program.parts`.
            updates: the ranges of parameters that the optimiser updates; see `kernels.train`.
            counted: whether to add the loss terms to `sums`.
        """
        program = self.program
        train(
            program.forward if forward else NOTHING, program.losses, program.backward, parts, updates, program.indices,
            self._values, self._gradients, self.parameters, self.slopes, self._means, self._squares,
            self._counts, batches.rows, batches.noise, weights, self.terms,
            self.sums if counted else self._uncounted, batches.rates, self._momentum,
        )  # fmt: skip
