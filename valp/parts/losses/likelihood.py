"""Negative log-likelihoods of Samples (Garciarena et al., eq. 3), as means over batch and variables."""

from math import log, pi
from typing import TYPE_CHECKING

from valp.graph.graph import DataType
from valp.parts.losses.loss_kind import LossKind

if TYPE_CHECKING:
    from torch import Tensor


class GaussianLikelihood(LossKind):
    """−mean log N(g; p, 1) = mean (p − g)² / 2 + log(2π) / 2: a Gaussian of unit variance around the prediction.

    Choosing β chooses the variance: dividing the variance by c multiplies the weight of the squared error by c.
    """

    code, title = "gaussian", "Gaussian negative log-likelihood"
    takes = frozenset({DataType.SAMPLES})
    spread = True
    floor = log(2 * pi) / 2

    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        return (prediction - truth).square() / 2 + self.floor


class BernoulliLikelihood(LossKind):
    """−mean [g log p + (1 − g) log(1 − p)] with p = sigmoid(logits) and g in [0, 1]."""

    code, title = "bernoulli", "Bernoulli negative log-likelihood"
    takes = frozenset({DataType.SAMPLES})
    reads = "logits"

    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(prediction, truth, reduction="none")
