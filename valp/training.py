"""What a training is made of: the examples and the noise of its steps, and the executor that takes them by torch."""

from collections.abc import Mapping

import torch
from torch import Tensor

from valp.critic import critics_of
from valp.module import VALPModule
from valp.stopwatch import Stopwatch


class Draws:
    """The examples and the noise of each step; every example is drawn once before any is drawn again.

    Args:
        count: the number of examples.
        size: examples a step.
        noise: k of each latent connection.
        seed: of both.
    """

    def __init__(self, count: int, size: int, noise: Mapping[str, int], seed: int) -> None:
        self.count, self.size, self.variables = count, size, noise
        self._generator = torch.Generator().manual_seed(seed)
        self._order = torch.empty(0, dtype=torch.int64)

    def rows(self) -> Tensor:
        """The examples of the next step, (size,); its noise must be drawn before those of another."""
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
        """Puts the same noise into a flat tensor, that of one connection after the other."""
        start = 0
        for k in self.variables.values():
            flat[start : start + self.size * k].normal_(generator=self._generator)
            start += self.size * k


class TorchExecutor:
    """Trains a module under autograd, with torch's Adam.

    Args:
        module: what to train, on the device of the tensors.
        inputs, truths, weights: as of `valp.fit.fit`.
        draws: the examples and the noise of each step.
        learning_rate: of Adam.
        seed: of the critics' initial weights.
    """

    def __init__(
        self,
        module: VALPModule,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        draws: Draws,
        learning_rate: float,
        seed: int,
    ) -> None:
        self._module, self._data, self._draws = module, (inputs, truths, weights), draws
        self._device = next(module.parameters()).device
        self._optimizer = torch.optim.Adam(module.parameters(), lr=learning_rate, fused=True)
        self._critics = critics_of(module, seed)

    def means(self, steps: int, watch: Stopwatch) -> tuple[float, ...]:
        """Takes steps; the means over them of the total loss and of its terms."""
        sums = torch.zeros(1 + len(self._module.loss_names), device=self._device)
        for _ in range(steps):
            with watch("draws"):
                rows = self._draws.rows().to(self._device)
                noise = {connection: values.to(self._device) for connection, values in self._draws.noise().items()}
            with watch("steps"):
                x, y, w = (
                    {name: tensor.index_select(0, rows) for name, tensor in tensors.items()} for tensors in self._data
                )
                total, terms = self._module.losses(x, y, noise, w, self._critics)
                self._optimizer.zero_grad()
                total.backward()  # type: ignore[no-untyped-call] # torch leaves it unannotated
                self._optimizer.step()
                sums[0] += total.detach()
                sums[1:] += terms.detach()
        return tuple((sums / steps).tolist())

    def finish(self) -> None:
        """The module has its parameters already."""
