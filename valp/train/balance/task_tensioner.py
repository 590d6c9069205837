"""The task tensioner pulls a direction towards tasks that diverge or lag behind (Nakamura 2023, 4.3)."""

from collections import deque
from collections.abc import Mapping
from math import exp, log10
from typing import TYPE_CHECKING, ClassVar

from valp.train.balance.balance import Value
from valp.train.balance.balancer import GradientBalancer, LossStep
from valp.train.balance.central_direction import central_weights
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.method_setting import MethodSetting, NumberSetting, WordSetting
from valp.train.balance.min_norm import min_norm_weights
from valp.train.balance.positive_losses import PositiveLosses
from valp.train.balance.weighted_gradients import TaskGradients, WeighsTasks, WeightedGradients

if TYPE_CHECKING:
    import torch

    from valp.train.balance.nearest_point import Floats

STEEPEST = 100.0
"""δ is cut to [−100, 100]: e^(−δ·e + e) would overflow, and the tension factor has long reached its limit."""

ROUNDING = 1e-9
"""Lengths below this share of a gradient's are rounding errors."""


class TaskTensioner(WeighsTasks, GradientBalancer):
    """v_n = v + Σ_m c_m·(∇_m − v) / ‖∇_m − v‖ (eq. 4.12), for each group of parameters.

    v is a direction in the convex hull of the gradients: the central or the min-norm direction, or the mean. With ζ_m,
    the mean of the last T gradient norms of task m in the group (eq. 4.9), and its loss L_m, which is β·L above the
    floor of the loss:

        δ_m = ζ_m(t) / ζ_m(t − 1) + log10 L_m           (eq. 4.10; ζ_m(t − 1) is the same mean one step earlier)
        c_m = α / (1 + e^(−δ_m·e + e)) + 1 − α          (eq. 4.11)

    v_n must not raise a loss: ∇_m·v_n ≥ 0 for all m. If v fulfils this and v_n does not, the pull v_n − v is shortened
    until v_n does. If v does not, the direction is v. Both are counted. α = 0 is v. So are the first T steps, and a
    batch with a task that has had a gradient in fewer than T + 1 batches. Terms with ∇_m = v are left out. The terms
    are unit vectors, so the pull does not get shorter with the gradients. Losses of 0 and below count as in
    `PositiveLosses`.
    """

    directions: ClassVar[tuple[str, ...]] = ("central", "min-norm", "mean")
    code, title = "tensioner", "a direction, pulled towards tasks that lag behind (Nakamura 2023, eq. 4.12)"
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "direction": WordSetting("the direction v", "central", directions),
        "alpha": NumberSetting("α, the strength of the tension; 0 is v", 0.3, 0.0, 1.0, least=0.0, most=1.0),
        "period": NumberSetting(
            "T, the steps over which the norms of gradients are averaged", 10, 5, 15, whole=True, least=1, most=10_000
        ),
    }

    def begin(
        self,
        reach: LossReach,
        settings: Mapping[str, Value],
        device: "torch.device",  # noqa: ARG002
    ) -> "TensionedDirection":
        """See `GradientBalancer`."""
        return TensionedDirection(reach, str(settings["direction"]), float(settings["alpha"]), int(settings["period"]))


class TensionedDirection(WeightedGradients):
    """The task tensioner in one training.

    Args:
        reach: the losses and the layers that they reach.
        direction: the direction v.
        alpha: α of the formula.
        period: T of the formula.

    Attributes:
        pulled: how often a direction was pulled.
        shortened: how often the pull was shortened.
        kept: how often the direction was v, because v itself raises a loss.
        lengths: the sums of ‖v‖ and of ‖v_n − v‖ over the directions that were pulled.
    """

    def __init__(self, reach: LossReach, direction: str, alpha: float, period: int) -> None:
        super().__init__(reach)
        self._reach, self._direction, self._alpha, self._period = reach, direction, alpha, period
        self._norms: dict[tuple[int, int], deque[float]] = {}
        self._positive = PositiveLosses()
        self.pulled = self.shortened = self.kept = 0
        self.lengths = (0.0, 0.0)

    def weights(self, step: LossStep, tasks: TaskGradients) -> "Floats":
        """See `WeightedGradients`."""
        weights = self._weights_of_direction(tasks)
        factors = self._factors(step, tasks)
        return weights if factors is None else self._pull(tasks, weights, factors)

    def summary(self) -> str | None:
        """See `GradientCombining`."""
        if not self.pulled + self.kept:
            return None
        direction, pull = (length / max(self.pulled, 1) for length in self.lengths)
        return (
            f"the task tensioner pulled {self.pulled} directions and shortened {self.shortened} of these pulls; it "
            f"kept {self.kept} directions that raise a loss; mean length of a direction {direction:.3g}, of a pull "
            f"{pull:.3g}"
        )

    def _weights_of_direction(self, tasks: TaskGradients) -> "Floats":
        """v, as weights of the gradients."""
        import numpy as np

        if self._direction == "mean":
            return np.full(len(tasks.losses), 1 / len(tasks.losses))
        return central_weights(tasks) if self._direction == "central" else min_norm_weights(tasks)

    def _factors(self, step: LossStep, tasks: TaskGradients) -> list[float] | None:
        """c_m of each task; None before there are T + 1 norms of each."""
        losses = (self._reach.above_floors(step.losses) * step.betas).tolist()
        found, enough = [], self._alpha > 0
        for loss, norm in zip(tasks.losses, tasks.norms, strict=True):
            norms = self._norms.setdefault((tasks.group, loss), deque(maxlen=self._period + 1))
            norms.append(float(norm))
            self._positive.see(loss, losses[loss])
            enough = enough and len(norms) > self._period
            ratio = sum(list(norms)[1:]) / sum(list(norms)[:-1]) if enough else 1.0
            found.append(tension_factor(ratio, self._positive.of(loss, losses[loss]), self._alpha))
        return found if enough else None

    def _pull(self, tasks: TaskGradients, weights: "Floats", factors: list[float]) -> "Floats":
        """The weights of v_n. v_n and v are both sums of the gradients with weights whose sum is 1."""
        import numpy as np

        rows, direction = tasks.rows, weights @ tasks.rows
        reaching = rows @ direction
        slack = ROUNDING * tasks.norms * tasks.norms.max()
        if (reaching < -slack).any():
            self.kept += 1
            return weights
        distances = np.linalg.norm(rows - direction, axis=1)
        apart = distances > ROUNDING * tasks.norms
        strengths = np.where(apart, factors, 0.0) / np.where(apart, distances, 1.0)
        pull = strengths - strengths.sum() * weights
        pulling = pull @ rows
        share = feasible_share(reaching, rows @ pulling)
        self.pulled += 1
        self.shortened += share < 1
        self.lengths = (
            self.lengths[0] + float(np.linalg.norm(direction)),
            self.lengths[1] + share * float(np.linalg.norm(pulling)),
        )
        tensioned: Floats = weights + share * pull
        return tensioned


def tension_factor(ratio: float, loss: float, alpha: float) -> float:
    """c_m by eq. 4.10 and 4.11, for the ratio of the mean norms and a positive loss. It lies in [1 − α, 1]."""
    divergence = min(max(ratio + log10(loss), -STEEPEST), STEEPEST)
    return alpha / (1 + exp(exp(1) * (1 - divergence))) + 1 - alpha


def feasible_share(direction: "Floats", pull: "Floats") -> float:
    """The largest share s ≤ 1 of a pull p for which ∇_m·(v + s·p) ≥ 0 for all m.

    Args:
        direction: (M,), ∇_m·v ≥ 0, up to rounding.
        pull: (M,), ∇_m·p.
    """
    limits = [max(float(v), 0.0) / -float(p) for v, p in zip(direction, pull, strict=True) if v + p < 0]
    return min(limits, default=1.0)
