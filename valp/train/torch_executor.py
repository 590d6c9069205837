"""What a training is made of: the examples and the noise of its steps, and the executor that takes them by torch."""

from collections.abc import Mapping

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.plan.plan import Divergence
from valp.train.critic import critics_of
from valp.train.stopwatch import Stopwatch


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


class Schedule:
    """β of each loss term, and the learning rate, in each step of a training.

    Args:
        module: whose β.
        steps: of the whole training.
        learning_rate: before it falls.
        kl_warmup: the share of the steps over which β of the KL losses rises linearly from 0.
        decay: the share of the steps, at their end, over which the learning rate falls linearly to 0.

    Attributes:
        final: β as it is in the end, (terms,), float64.
    """

    def __init__(
        self, module: VALPModule, steps: int, learning_rate: float, kl_warmup: float = 0.0, decay: float = 0.0
    ) -> None:
        self.final = module.betas.to("cpu", torch.float64)
        self._rising = torch.tensor([isinstance(term, Divergence) for term in module.plan.terms])
        self._steps, self._rate = steps, learning_rate
        self._warmup, self._decay = max(round(kl_warmup * steps), 1), round(decay * steps)

    def betas(self, made: int, steps: int) -> Tensor:
        """(steps, terms), float64, of the steps after the `made` ones."""
        shares = (torch.arange(made + 1, made + steps + 1, dtype=torch.float64) / self._warmup).clamp(max=1)
        return torch.where(self._rising, shares[:, None], 1.0) * self.final

    def rates(self, made: int, steps: int) -> Tensor:
        """(steps,), float64, of the steps after the `made` ones."""
        if not self._decay:
            return torch.full((steps,), self._rate, dtype=torch.float64)
        left = self._steps - torch.arange(made, made + steps, dtype=torch.float64)
        return self._rate * (left / self._decay).clamp(0, 1)


class TorchExecutor:
    """Trains a module under autograd, with torch's Adam.

    Args:
        module: what to train, on the device of the tensors.
        inputs, truths, weights: as of `valp.train.fit.fit`.
        draws: the examples and the noise of each step.
        schedule: β and the learning rate of each step.
        seed: of the critics' initial weights.
    """

    def __init__(
        self,
        module: VALPModule,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        draws: Draws,
        schedule: Schedule,
        seed: int,
    ) -> None:
        self._module, self._data, self._draws = module, (inputs, truths, weights), draws
        self._device = next(module.parameters()).device
        self._optimizer = torch.optim.Adam(module.parameters(), fused=True)
        self._critics = critics_of(module, seed)
        self._schedule, self._made = schedule, 0

    def means(self, steps: int, watch: Stopwatch) -> tuple[float, ...]:
        """Takes steps; the means over them of the total loss, β as in the end, and of its terms."""
        sums = torch.zeros(len(self._module.loss_names), device=self._device)
        betas = self._schedule.betas(self._made, steps).to(self._device, torch.float32)
        rates = self._schedule.rates(self._made, steps).tolist()
        for step in range(steps):
            with watch("draws"):
                rows = self._draws.rows().to(self._device)
                noise = {connection: values.to(self._device) for connection, values in self._draws.noise().items()}
            with watch("steps"):
                x, y, w = (
                    {name: tensor.index_select(0, rows) for name, tensor in tensors.items()} for tensors in self._data
                )
                total, terms = self._module.losses(x, y, noise, w, self._critics, betas[step])
                for group in self._optimizer.param_groups:
                    group["lr"] = rates[step]
                self._optimizer.zero_grad()
                total.backward()  # type: ignore[no-untyped-call] # torch leaves it unannotated
                self._optimizer.step()
                sums += terms.detach()
        self._made += steps
        means = sums.to("cpu", torch.float64) / steps
        return float(self._schedule.final @ means), *means.tolist()

    def finish(self) -> None:
        """The module has its parameters already."""
