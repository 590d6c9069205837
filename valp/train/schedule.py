"""`Schedule`: β of each loss term and the learning rate, in each step of a training."""

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.plan.plan import Divergence


class Schedule:
    """β of each loss term and the learning rate, in each step of a training.

    Args:
        module: the module whose β is scheduled.
        steps: the steps of the whole training.
        learning_rate: the rate before the decay.
        kl_warmup: the share of the steps over which β of the KL losses rises linearly from 0.
        decay: the share of the steps, at their end, over which the learning rate falls linearly to 0.

    Attributes:
        final: β at the end, (terms,), float64.
    """

    def __init__(
        self, module: VALPModule, steps: int, learning_rate: float, kl_warmup: float = 0.0, decay: float = 0.0
    ) -> None:
        self.final = module.betas.to("cpu", torch.float64)
        self._rising = torch.tensor([isinstance(term, Divergence) for term in module.plan.terms])
        self._steps, self._rate = steps, learning_rate
        self._warmup, self._decay = max(round(kl_warmup * steps), 1), round(decay * steps)

    def betas(self, made: int, steps: int) -> Tensor:
        """β in the `steps` steps after the first `made`, (steps, terms), float64."""
        shares = (torch.arange(made + 1, made + steps + 1, dtype=torch.float64) / self._warmup).clamp(max=1)
        return torch.where(self._rising, shares[:, None], 1.0) * self.final

    def rates(self, made: int, steps: int) -> Tensor:
        """The learning rate in the `steps` steps after the first `made`, (steps,), float64."""
        if not self._decay:
            return torch.full((steps,), self._rate, dtype=torch.float64)
        left = self._steps - torch.arange(made, made + steps, dtype=torch.float64)
        return self._rate * (left / self._decay).clamp(0, 1)
