"""`Draws`: the examples and the noise of each training step."""

from collections.abc import Mapping

import torch
from torch import Tensor


class Draws:
    """The examples and the noise of each step. Every example is drawn once before any is drawn again.

    Args:
        count: the number of examples.
        size: examples per step.
        noise: k of each latent connection.
        seed: the seed of both.
    """

    def __init__(self, count: int, size: int, noise: Mapping[str, int], seed: int) -> None:
        self.count, self.size, self.variables = count, size, noise
        self._generator = torch.Generator().manual_seed(seed)
        self._order = torch.empty(0, dtype=torch.int64)

    def rows(self) -> Tensor:
        """The examples of the next step, (size,). Draw the noise of this step before the rows of the next."""
        while len(self._order) < self.size:
            self._order = torch.cat([self._order, torch.randperm(self.count, generator=self._generator)])
        rows, self._order = self._order[: self.size], self._order[self.size :]
        return rows

    def noise(self) -> dict[str, Tensor]:
        """The noise of the step, (size, k) for each latent connection."""
        return {
            connection: torch.randn(self.size, k, generator=self._generator) for connection, k in self.variables.items()
        }

    def fill(self, flat: Tensor) -> None:
        """Writes the same noise into a flat tensor, one connection after the other."""
        start = 0
        for k in self.variables.values():
            flat[start : start + self.size * k].normal_(generator=self._generator)
            start += self.size * k
