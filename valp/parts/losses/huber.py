"""The Huber loss."""

from typing import TYPE_CHECKING

from valp.graph.graph import DataType
from valp.parts.losses.loss_kind import LossKind

if TYPE_CHECKING:
    from torch import Tensor


class Huber(LossKind):
    """mean of e² / 2 where |e| ≤ 1 and of |e| − 1/2 elsewhere, e = p − g: outliers have a bounded gradient.

    Source: Huber 1964, Robust estimation of a location parameter.
    """

    code, title = "huber", "Huber loss"
    squared = True
    takes = frozenset({DataType.NUMERIC, DataType.SAMPLES, DataType.FEATURES})

    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        from torch.nn.functional import huber_loss

        return huber_loss(prediction, truth, reduction="none")
