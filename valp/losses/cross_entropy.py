"""The cross-entropy of a softmax."""

from typing import TYPE_CHECKING

from valp.graph import DataType
from valp.losses.base import LossKind

if TYPE_CHECKING:
    from torch import Tensor


class CrossEntropy(LossKind):
    """−mean log softmax(logits)[class] over the batch (002, eq. 2)."""

    code, title = "cross_entropy", "cross-entropy"
    takes = frozenset({DataType.DISCRETE})
    reads = "logits"

    def __call__(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(prediction, truth)
