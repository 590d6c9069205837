"""`StepObserver`: looks at the steps of a training under autograd, without changing them."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from valp.train.balance.balancer import LossStep

if TYPE_CHECKING:
    from torch import Tensor


class StepObserver(ABC):
    """Looks at the steps of a training. It must change neither the losses nor the parameters nor their gradients."""

    @abstractmethod
    def due(self, step: int) -> bool:
        """Whether it looks at a step, counted from 1."""

    @abstractmethod
    def losses(self, step: int, losses: LossStep) -> None:
        """The losses of a step, before its gradients are computed.

        Args:
            step: the number of the step, from 1.
            losses: the losses with their autograd graph, which must be kept. `betas` are the factors of the losses in
                the gradients that a `GradientBalancer` combines.
        """

    @abstractmethod
    def gradients(self, weights: "Tensor | None") -> None:
        """The parameters of the module have the gradients of the step, which the optimiser takes next.

        Args:
            weights: (K,), the weight of each loss in the scalar that was differentiated; None if the method combined
                the gradients of the losses.
        """
