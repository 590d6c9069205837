"""The adversarial loss of Samples."""

from typing import TYPE_CHECKING

from valp.graph.graph import DataType
from valp.parts.losses.loss_kind import LossKind

if TYPE_CHECKING:
    from torch import Tensor


class Adversarial(LossKind):
    """mean softplus(−c), where c is the critic's logit that a sample is real: the non-saturating generator loss.

    The critic is trained at the same time (`valp.train.critic`), on the model's output in training mode: no latent
    connection is cut. Source: Goodfellow et al. 2014, arXiv:1406.2661; Garciarena et al., VI-C.
    """

    code, title = "adversarial", "adversarial loss"
    takes = frozenset({DataType.SAMPLES})
    critic = True

    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":  # noqa: ARG002 - the critic has seen the truth
        """See the class; the prediction is the critic's logits (batch,)."""
        from torch.nn.functional import softplus

        return softplus(-prediction)
