"""Uniform weights: the sum of the losses (Nakamura 2023, 5.1, "uniform weighting")."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from valp.train.balance.balance import Value
from valp.train.balance.balancer import ScheduledBalancer
from valp.train.balance.loss_reach import LossReach

if TYPE_CHECKING:
    from torch import Tensor


class UniformWeights(ScheduledBalancer):
    """Σ_j L_j over the supervised losses, plus Σ_j β_j·L_j over the KL losses.

    The β of a supervised loss does not count, so the size of a loss decides its share. A supervised loss with β = 0
    keeps the weight 0. A KL loss compares no prediction with a truth, so it is no task and keeps β, with its warm-up.
    """

    code, title = "uniform", "the sum of the supervised losses, without their β (Nakamura 2023, 5.1)"

    def weights(self, betas: "Tensor", reach: LossReach, settings: Mapping[str, Value]) -> "Tensor":  # noqa: ARG002
        """1 for each supervised loss, β for each KL loss."""
        import torch

        tasks = torch.tensor([not divergent for divergent in reach.divergent], device=betas.device)
        return torch.where(tasks, (betas > 0).to(betas.dtype), betas)
