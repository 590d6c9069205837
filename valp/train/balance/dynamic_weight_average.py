"""Dynamic weight average: a loss that falls slowly gets a larger weight (Liu et al. 2019, arXiv:1803.10704, eq. 7)."""

from collections.abc import Mapping
from math import exp, isfinite
from typing import TYPE_CHECKING, ClassVar

from valp.train.balance.balance import Value
from valp.train.balance.balancer import LossBalancer, LossStep, LossWeighing
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.method_setting import MethodSetting, NumberSetting
from valp.train.balance.positive_losses import PositiveLosses

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class DynamicWeightAverage(LossBalancer):
    """Σ_j λ_j·β_j·L_j with λ_j = K·exp(r_j / T) / Σ_i exp(r_i / T) and r_j = L_j(t − 1) / L_j(t − 2).

    L_j(t) is the mean of the loss over a period of steps; in the paper a period is an epoch. K is the number of
    supervised losses with β > 0. In the first two periods λ = 1, which is fixed β. A KL loss compares no prediction
    with a truth, so it keeps β. A loss without a label in a period has r = 1. L_j is what lies above the floor of the
    loss. Losses of 0 and below count as in `PositiveLosses`.
    """

    code, title = "dwa", "dynamic weight average: larger weights for losses that fall slowly (Liu et al. 2019, eq. 7)"
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "temperature": NumberSetting("T: higher is closer to equal weights", 2.0, 0.5, 5.0, log_scale=True, least=1e-2),
        "period": NumberSetting(
            "the steps over which a loss is averaged", 100, 20, 500, log_scale=True, whole=True, least=1
        ),
    }

    def idle_because(self, reach: LossReach, settings: Mapping[str, Value], steps: int) -> str | None:  # noqa: ARG002
        """See `Balancer`."""
        period = int(settings["period"])
        return None if steps > 2 * period else f"{steps} steps are no more than two periods of {period}"

    def begin(self, reach: LossReach, settings: Mapping[str, Value], device: "torch.device") -> "PeriodAverages":
        """See `LossBalancer`."""
        return PeriodAverages(reach, float(settings["temperature"]), int(settings["period"]), device)


class PeriodAverages(LossWeighing):
    """Dynamic weight average in one training.

    Args:
        reach: the losses.
        temperature: T of the formula.
        period: the steps over which a loss is averaged.
        device: the device of the losses.

    Attributes:
        factors: (K,), λ_j; 1 for losses that are not weighed.
    """

    def __init__(self, reach: LossReach, temperature: float, period: int, device: "torch.device") -> None:
        import torch

        self._reach, self._tasks = reach, reach.tasks
        self._temperature, self._period, self._made = temperature, period, 0
        self._sums = torch.zeros(2, len(reach.betas), device=device)
        self._before: dict[int, float] = {}
        self._positive = PositiveLosses()
        self.factors = torch.ones(len(reach.betas), device=device)

    def weights(self, step: LossStep, rate: float) -> "Tensor":  # noqa: ARG002
        """See `LossWeighing`."""
        if self._made and self._made % self._period == 0:
            self._weigh()
        self._made += 1
        self._sums[0] += self._reach.above_floors(step.losses) * step.betas * step.present
        self._sums[1] += step.present
        return self.factors * step.betas

    def _weigh(self) -> None:
        """Sets the weights from the means of the last two periods, and begins a period."""
        sums, counts = self._sums.tolist()
        self._sums.zero_()
        means = {loss: sums[loss] / counts[loss] for loss in self._tasks if counts[loss]}
        if not all(isfinite(mean) for mean in means.values()):  # this loss ends the training
            return
        for loss, mean in means.items():
            self._positive.see(loss, mean)
        powers = {loss: self._ratio(loss, means) / self._temperature for loss in self._tasks}
        highest = max(powers.values(), default=0.0)
        shares = {loss: exp(power - highest) for loss, power in powers.items()}
        for loss, share in shares.items():
            self.factors[loss] = len(shares) * share / sum(shares.values())
        self._before |= means

    def _ratio(self, loss: int, means: Mapping[int, float]) -> float:
        """r of a loss; 1 if one of the two means does not exist."""
        if loss not in means or loss not in self._before:
            return 1.0
        return self._positive.of(loss, means[loss]) / self._positive.of(loss, self._before[loss])
