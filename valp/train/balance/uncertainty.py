"""Uncertainty weighting: the noise of each loss is learned (Kendall et al. 2018, arXiv:1705.07115, eq. 7)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from valp.train.balance.balance import Value
from valp.train.balance.balancer import LossBalancer, LossStep, LossWeighing
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.method_setting import MethodSetting, NumberSetting

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WIDEST = 14.0
"""log σ² stays in [−14, 14]. Otherwise the weight of a loss of 0 or below would grow without bound."""


class UncertaintyWeighting(LossBalancer):
    """Σ_j L_j / (2 σ_j²) + log σ_j over the supervised losses, plus Σ β_j·L_j over the KL losses.

    Each supervised loss with β > 0 has a σ_j, which the networks' optimiser learns together with the networks. It
    starts at σ_j² = 1 / (2 β_j), so that the first step is that of fixed β. A KL loss compares no prediction with a
    truth, so it has no noise and keeps β. A loss without a label in the batch leaves its σ_j unchanged.
    """

    code, title = "uncertainty", "uncertainty weighting, a learned σ for each loss (Kendall et al. 2018, eq. 7)"
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "rate": NumberSetting(
            "the learning rate of log σ², as a multiple of the networks'", 1.0, 1.0, 30.0, log_scale=True, least=1e-3
        )
    }

    def begin(self, reach: LossReach, settings: Mapping[str, Value], device: "torch.device") -> "LearnedNoise":
        """See `LossBalancer`."""
        return LearnedNoise(reach, float(settings["rate"]), device)


class LearnedNoise(LossWeighing):
    """Uncertainty weighting in one training.

    Args:
        reach: the losses.
        rate: as in `LossWeighing`.
        device: the device of the losses.

    Attributes:
        log_variances: (K,), log σ_j²; those of KL losses and of losses with β = 0 are not used.
    """

    def __init__(self, reach: LossReach, rate: float, device: "torch.device") -> None:
        import torch

        pairs = list(zip(reach.divergent, reach.betas, strict=True))
        self._noisy = torch.tensor([beta > 0 and not divergent for divergent, beta in pairs], device=device)
        betas = torch.tensor(reach.betas, dtype=torch.float32, device=device)
        start = -(2 * betas).log().clamp(-WIDEST, WIDEST)
        self.log_variances = start.requires_grad_()
        self.parameters, self.rate = (self.log_variances,), rate

    def total(self, step: LossStep) -> "Tensor":
        """See `LossWeighing`."""
        import torch

        with torch.no_grad():
            self.log_variances.clamp_(-WIDEST, WIDEST)
        s = self.log_variances
        learned = ((-s).exp() * step.losses + s) / 2 * step.present
        return torch.where(self._noisy, learned, step.betas * step.losses).sum()
