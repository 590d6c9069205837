"""Numbers that a balancing method learns, by Adam (Kingma & Ba 2015, arXiv:1412.6980, algorithm 1)."""

import numpy as np
from numpy.typing import NDArray

KEPT, KEPT_OF_SQUARES, EPSILON = 0.9, 0.999, 1e-8
"""β₁, β₂ and ε, the defaults of torch."""


class LearnedNumbers:
    """Some numbers with a step of Adam of their own. For so few numbers an optimiser of torch takes much longer.

    Args:
        start: (n,), their first values.
        epsilon: ε.

    Attributes:
        values: (n,), the numbers.
    """

    def __init__(self, start: NDArray[np.float64], epsilon: float = EPSILON) -> None:
        self._epsilon = epsilon
        self.values = np.array(start, np.float64)
        self._means, self._squares = np.zeros_like(self.values), np.zeros_like(self.values)
        self._steps = np.zeros_like(self.values)

    def step(self, slopes: NDArray[np.float64], moved: NDArray[np.bool_], rate: float) -> None:
        """Takes a step against the slopes.

        Args:
            slopes: (n,).
            moved: (n,), the numbers that take part. The others keep their values, and their moments for a later step.
            rate: the learning rate.
        """
        g, at = slopes[moved], moved.nonzero()
        self._steps[at] += 1
        self._means[at] = KEPT * self._means[at] + (1 - KEPT) * g
        self._squares[at] = KEPT_OF_SQUARES * self._squares[at] + (1 - KEPT_OF_SQUARES) * g * g
        mean = self._means[at] / (1 - KEPT ** self._steps[at])
        square = self._squares[at] / (1 - KEPT_OF_SQUARES ** self._steps[at])
        self.values[at] -= rate * mean / (np.sqrt(square) + self._epsilon)
