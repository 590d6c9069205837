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

    from valp.train.balance.nearest_point import Floats

WIDEST = 14.0
"""log σ² stays within 14 of its start. Otherwise the weight of a loss of 0 or below would grow without bound."""


class UncertaintyWeighting(LossBalancer):
    """Σ_j L_j / (2 σ_j²) + log σ_j over the supervised losses, plus Σ β_j·L_j over the KL losses.

    Each supervised loss with β > 0 has a σ_j, which Adam learns together with the networks. It starts at
    σ_j² = 1 / (2 β_j), so that the first step is that of fixed β. A KL loss compares no prediction with a
    truth, so it has no noise and keeps β. A loss without a label in the batch leaves its σ_j unchanged.
    """

    code, title = "uncertainty", "uncertainty weighting, a learned σ for each loss (Kendall et al. 2018, eq. 7)"
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "rate": NumberSetting(
            "the learning rate of log σ², as a multiple of the networks'", 1.0, 1.0, 30.0, log_scale=True, least=1e-3
        )
    }

    def begin(
        self,
        reach: LossReach,
        settings: Mapping[str, Value],
        device: "torch.device",  # noqa: ARG002
    ) -> "LearnedNoise":
        """See `LossBalancer`."""
        return LearnedNoise(reach, float(settings["rate"]))


class LearnedNoise(LossWeighing):
    """Uncertainty weighting in one training. Loss j has the weight 1 / (2 σ_j²), and log σ_j² the slope
    (1 − L_j / σ_j²) / 2, where L_j is what lies above the floor of the loss.

    Args:
        reach: the losses.
        rate: the learning rate of log σ², as a multiple of that of the networks.
    """

    def __init__(self, reach: LossReach, rate: float) -> None:
        import numpy as np

        from valp.train.balance.learned_numbers import LearnedNumbers

        self._reach = reach
        self._noisy = np.isin(np.arange(len(reach.betas)), reach.tasks)
        doubled = 2 * np.where(self._noisy, reach.betas, 1.0)
        self._start = -np.log(doubled)
        self._learned = LearnedNumbers(self._start)
        self._rate = rate

    @property
    def log_variances(self) -> "Floats":
        """(K,), log σ_j²; those of KL losses and of losses with β = 0 are not used."""
        return self._learned.values

    def weights(self, step: LossStep, rate: float) -> "Tensor":
        """See `LossWeighing`."""
        import numpy as np
        import torch

        s = self._learned.values
        s.clip(self._start - WIDEST, self._start + WIDEST, out=s)
        precisions, present = np.exp(-s), np.array(step.present.tolist())
        weights = np.where(self._noisy, precisions / 2 * present, step.betas.tolist())
        slopes = (1 - precisions * self._reach.above_floors(step.losses).tolist()) / 2
        self._learned.step(slopes, self._noisy & present, self._rate * rate)
        return torch.as_tensor(weights, dtype=step.losses.dtype, device=step.losses.device)
