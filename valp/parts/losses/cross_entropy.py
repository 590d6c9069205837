"""Cross-entropies of a softmax (plain, smoothed and focal), and of the sigmoids of several labels."""

from typing import TYPE_CHECKING

from valp.graph.graph import DataType
from valp.parts.losses.loss_kind import LossKind

if TYPE_CHECKING:
    from torch import Tensor

SMOOTHING = 0.1
FOCUS = 2


class CrossEntropy(LossKind):
    """−mean log softmax(logits)[class] over the batch (Garciarena et al., eq. 2)."""

    code, title = "cross_entropy", "cross-entropy"
    takes = frozenset({DataType.DISCRETE})
    truth = "classes"
    reads = "logits"
    smoothing: float = 0.0

    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(prediction, truth, label_smoothing=self.smoothing, reduction="none")


class SmoothedCrossEntropy(CrossEntropy):
    """The cross-entropy with target 0.9 for the true class and 0.1 spread over all classes: it penalises confidence.

    Source: Szegedy et al. 2016, arXiv:1512.00567.
    """

    code, title = "smoothed_cross_entropy", "cross-entropy with smoothed labels"
    smoothing = SMOOTHING


class Focal(LossKind):
    """−mean (1 − p)² log p over the batch, p = softmax(logits)[class]: rows that are classified well count less.

    Source: Lin et al. 2017, arXiv:1708.02002, with γ = 2.
    """

    code, title = "focal", "focal loss"
    takes = frozenset({DataType.DISCRETE})
    truth = "classes"
    reads = "logits"

    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        log_p = prediction.log_softmax(1).gather(1, truth[:, None])[:, 0]
        return -((1 - log_p.exp()) ** FOCUS) * log_p


class BinaryCrossEntropy(LossKind):
    """−mean [g log p + (1 − g) log(1 − p)] with p = sigmoid(logits): each variable is a separate label.

    Its output is normalised by sigmoids instead of a softmax, because the labels do not exclude each other.
    """

    code, title = "binary_cross_entropy", "binary cross-entropy of several labels"
    takes = frozenset({DataType.DISCRETE})
    truth = "labels"
    reads = "logits"

    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(prediction, truth, reduction="none")
