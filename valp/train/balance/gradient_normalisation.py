"""GradNorm: weights that bring the gradients of all tasks to similar lengths (Chen et al. 2018, arXiv:1711.02257)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from valp.train.balance.balance import Value
from valp.train.balance.balancer import GradientBalancer, GroupGradients, LossStep
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.method_setting import MethodSetting, NumberSetting
from valp.train.balance.positive_losses import PositiveLosses
from valp.train.balance.weighted_gradients import TaskGradients, WeighsTasks, WeightedGradients

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from valp.train.balance.learned_numbers import LearnedNumbers
    from valp.train.balance.nearest_point import Floats

TINY = 1e-100
"""ε of Adam. The slopes are as long as the gradients, so the usual 1e-8 would stop the learning with short ones."""

LOWEST_WEIGHT = 1e-3
"""No weight falls below this. A step of Adam could make it negative, and the loss would be maximised."""


class GradNorm(WeighsTasks, GradientBalancer):
    """Σ_i w_i·∇_i for each group of parameters, with weights w that are learned in the group.

    G_i = w_i·‖∇_i‖ is compared with Ḡ·r_i^α, where Ḡ is the mean of G over the tasks, and r_i = (L_i / L_i(0)) divided
    by its mean over the tasks: a task that has learned less than others gets a longer gradient. Adam lowers Σ_i |G_i −
    Ḡ·r_i^α| by w, with the targets held constant (eq. 2). The weights are then scaled to the mean 1. They start at 1.

    The paper takes the norms in the last shared layer, and one w_i for the whole network. Here every group has its own,
    because the losses that share parameters differ from group to group. A group of one task has the weight 1; a task
    whose rivals are absent from the batch keeps its weight. L_i is β·L, above the floor of the loss, and L_i(0) its
    first value. Losses of 0 and below count as in `PositiveLosses`.
    """

    code, title = "gradnorm", "learned weights that bring gradients to similar lengths (Chen et al. 2018, eq. 2)"
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "alpha": NumberSetting("α, how much tasks that learn slowly are preferred", 1.5, 0.0, 3.0, least=0.0),
        "rate": NumberSetting(
            "the learning rate of the weights", 0.025, 0.001, 0.1, log_scale=True, least=1e-6, most=1.0
        ),
    }

    def begin(
        self,
        reach: LossReach,
        settings: Mapping[str, Value],
        device: "torch.device",  # noqa: ARG002
    ) -> "LearnedNorms":
        """See `GradientBalancer`."""
        return LearnedNorms(reach, float(settings["alpha"]), float(settings["rate"]))


class LearnedNorms(WeightedGradients):
    """GradNorm in one training.

    Args:
        reach: the losses and the layers that they reach.
        alpha: α of the formula.
        rate: the learning rate of the weights.
    """

    def __init__(self, reach: LossReach, alpha: float, rate: float) -> None:
        super().__init__(reach)
        self._reach, self._alpha, self._rate = reach, alpha, rate
        self._learned: dict[int, LearnedNumbers] = {}
        self._met: dict[int, set[int]] = {}
        self._first: dict[int, float] = {}
        self._positive = PositiveLosses()

    def combine(self, step: LossStep, gradients: Sequence[GroupGradients]) -> "list[Tensor]":
        """See `GradientCombining`. A task whose rivals have no label in the batch keeps its weight."""
        found = super().combine(step, gradients)
        return [
            whole * self.alone(one.group, one.losses[0]) if len(one.losses) == 1 else whole
            for whole, one in zip(found, gradients, strict=True)
        ]

    def alone(self, group: int, loss: int) -> float:
        """See `WeightedGradients`."""
        learned = self._learned.get(group)
        return 1.0 if learned is None else float(learned.values[loss])

    def weights(self, step: LossStep, tasks: TaskGradients) -> "Floats":
        """w of this step. The weights of the next step are learned from it."""
        import numpy as np

        from valp.train.balance.learned_numbers import LearnedNumbers

        count, losses = len(self._divergent), list(tasks.losses)
        learned = self._learned.setdefault(tasks.group, LearnedNumbers(np.ones(count), TINY))
        weights = learned.values[losses]
        lengths = weights * tasks.norms
        targets = lengths.mean() * self._progress(step, tasks.losses) ** self._alpha
        slopes, present = np.zeros(count), np.zeros(count, bool)
        slopes[losses], present[losses] = tasks.norms * np.sign(lengths - targets), True
        learned.step(slopes, present, self._rate)
        met = self._met.setdefault(tasks.group, set())
        met.update(losses)
        scaled = learned.values[list(met)].clip(LOWEST_WEIGHT)
        learned.values[list(met)] = scaled / scaled.mean()
        return weights

    def _progress(self, step: LossStep, losses: Sequence[int]) -> "Floats":
        """r_i of the tasks, (M,): 1 on average, higher for a task that has learned less."""
        import numpy as np

        values = (self._reach.above_floors(step.losses) * step.betas).tolist()
        ratios = []
        for loss in losses:
            self._positive.see(loss, values[loss])
            first = self._first.setdefault(loss, values[loss])
            ratios.append(self._positive.of(loss, values[loss]) / self._positive.of(loss, first))
        progress: Floats = np.array(ratios) / np.mean(ratios)
        return progress
