"""Methods whose direction is a weighted sum of the gradients, with weights that follow from the gradients."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from valp.train.balance.balance import Value
from valp.train.balance.balancer import Balancer, GradientBalancer, GradientCombining, GroupGradients, LossStep
from valp.train.balance.loss_reach import LossReach

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from valp.train.balance.nearest_point import Floats


SHORTEST, LONGEST = 1e-15, 1e15
"""The lengths of gradients whose squares a float of 32 bits holds with all its digits, also if denormals are 0."""


@dataclass(frozen=True)
class TaskGradients:
    """The gradients ∇_m of the tasks that reach one group of parameters, in few coordinates.

    The tasks are the supervised losses with a label in the batch and a gradient that is not zero. The loss of a task is
    β·L.

    Attributes:
        group: the index of the group in `LossReach.groups`.
        losses: the losses of the M tasks, ascending indices into `Plan.terms`.
        rows: (M, M), each ∇_m in an orthonormal basis of the space that they span: all lengths and angles are those of
            the gradients.
        norms: (M,), ‖∇_m‖ > 0.
    """

    group: int
    losses: tuple[int, ...]
    rows: "Floats"
    norms: "Floats"


class WeighsTasks(Balancer):
    """A method that weighs the gradients of the tasks that share parameters."""

    def idle_because(self, reach: LossReach, settings: Mapping[str, Value], steps: int) -> str | None:  # noqa: ARG002
        """See `Balancer`."""
        shared = any(len(set(group.losses) & set(reach.tasks)) > 1 for group in reach.groups)
        return None if shared else "no two tasks share a parameter"


class WeightedGradients(GradientCombining):
    """The direction Σ_m k_m·∇_m over the tasks of a group, plus mean(k) · Σ ∇ over its KL losses.

    A KL loss compares no prediction with a truth, so it is no task. It keeps β: with equal weights, the direction is
    that of fixed β, times the weight. A zero gradient says nothing about a direction, so its task is left out. If a
    gradient is not finite, all weights are 1, and what is not finite reaches the parameters.

    Args:
        reach: the losses and the layers that they reach.
    """

    def __init__(self, reach: LossReach) -> None:
        self._divergent = reach.divergent

    @abstractmethod
    def weights(self, step: LossStep, tasks: TaskGradients) -> "Floats":
        """k, (M,), for at least two tasks."""

    def alone(self, group: int, loss: int) -> float:  # noqa: ARG002
        """The weight of a task that alone has a gradient in a group now: 1, unless a method has learned it."""
        return 1.0

    def direction(self, step: LossStep, gradients: GroupGradients) -> "Tensor":
        """See `GradientCombining`."""
        import numpy as np
        import torch

        matrix = gradients.matrix
        gramian = _gramian(matrix)
        factors = np.ones(len(gramian))
        if np.isfinite(gramian).all():
            task = ~np.array([self._divergent[loss] for loss in gradients.losses])
            task &= gramian.diagonal() > 0
            found = np.ones(int(task.sum()))
            if len(found) == 1:
                found[:] = self.alone(gradients.group, gradients.losses[int(task.argmax())])
            elif len(found) > 1:
                losses, inner = gradients.losses, gramian
                if len(found) < len(losses):
                    losses = tuple(loss for loss, is_task in zip(losses, task, strict=True) if is_task)
                    inner = gramian[np.ix_(task, task)]
                found = self.weights(step, _in_coordinates(gradients.group, losses, inner))
            factors[:] = found.mean() if len(found) else 1.0
            factors[task] = found
        return torch.as_tensor(factors, dtype=matrix.dtype, device=matrix.device) @ matrix


class GradientDirection(WeighsTasks, GradientBalancer):
    """A method whose weights follow from the gradients of the step alone. It has no settings."""

    @abstractmethod
    def weights(self, tasks: TaskGradients) -> "Floats":
        """k, (M,), for at least two tasks."""

    def begin(
        self,
        reach: LossReach,
        settings: Mapping[str, Value],  # noqa: ARG002
        device: "torch.device",  # noqa: ARG002
    ) -> "StepWeights":
        """See `GradientBalancer`."""
        return StepWeights(reach, self.weights)


class StepWeights(WeightedGradients):
    """A `GradientDirection` in one training.

    Args:
        reach: the losses and the layers that they reach.
        weigh: the weights of the tasks.
    """

    def __init__(self, reach: LossReach, weigh: "Callable[[TaskGradients], Floats]") -> None:
        super().__init__(reach)
        self._weigh = weigh

    def weights(self, step: LossStep, tasks: TaskGradients) -> "Floats":  # noqa: ARG002
        """See `WeightedGradients`."""
        return self._weigh(tasks)


def _gramian(matrix: "Tensor") -> "Floats":
    """The inner products of the rows. If they are too small or too large for the rows' type, the rows are scaled."""
    import torch

    gramian: Floats = (matrix @ matrix.T).to("cpu", torch.float64).numpy()
    squares = gramian.diagonal()
    if (squares > SHORTEST**2).all() and (squares < LONGEST**2).all():
        return gramian
    scales = matrix.abs().amax(1, keepdim=True)
    scales[scales == 0] = 1.0
    scaled = matrix / scales
    lengths = scales.to("cpu", torch.float64).numpy()
    gramian = (scaled @ scaled.T).to("cpu", torch.float64).numpy()
    gramian *= lengths * lengths.T
    return gramian


def _in_coordinates(group: int, losses: tuple[int, ...], gramian: "Floats") -> TaskGradients:
    """The gradients from their inner products. It decomposes cosines, so small gradients are as exact as large ones."""
    import numpy as np

    norms = np.sqrt(gramian.diagonal())
    values, vectors = np.linalg.eigh(gramian / np.outer(norms, norms))
    return TaskGradients(group, losses, norms[:, None] * vectors * np.sqrt(values.clip(0)), norms)
