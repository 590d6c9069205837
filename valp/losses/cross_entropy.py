"""Cross-entropies of a softmax: plain, smoothed and focal."""

from typing import TYPE_CHECKING

from valp.graph import DataType
from valp.losses.base import LossKind

if TYPE_CHECKING:
    from torch import Tensor

SMOOTHING = 0.1
FOCUS = 2


class CrossEntropy(LossKind):
    """−mean log softmax(logits)[class] over the batch (002, eq. 2)."""

    code, title = "cross_entropy", "cross-entropy"
    takes = frozenset({DataType.DISCRETE})
    reads = "logits"
    smoothing: float = 0.0

    def __call__(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(prediction, truth, label_smoothing=self.smoothing)


class SmoothedCrossEntropy(CrossEntropy):
    """The cross-entropy with 0.9 of the true class and 0.1 spread over all: confidence has a price.

    Source: Szegedy et al. 2016, arXiv:1512.00567.
    """

    code, title = "smoothed_cross_entropy", "cross-entropy with smoothed labels"
    smoothing = SMOOTHING


class Focal(LossKind):
    """−mean (1 − p)² log p over the batch, p = softmax(logits)[class]: what is classified well counts less.

    Source: Lin et al. 2017, arXiv:1708.02002, with γ = 2.
    """

    code, title = "focal", "focal loss"
    takes = frozenset({DataType.DISCRETE})
    reads = "logits"

    def __call__(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        log_p = prediction.log_softmax(1).gather(1, truth[:, None])[:, 0]
        return -((1 - log_p.exp()) ** FOCUS * log_p).mean()
