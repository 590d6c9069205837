"""MGDA-UB: the min-norm direction by the shared representations (Sener & Koltun 2018, arXiv:1810.04650, 3.3)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from valp.train.balance.balance import Value
from valp.train.balance.balancer import RepresentationBalancer
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.min_norm import min_norm_weights
from valp.train.balance.weighted_gradients import StepWeights, WeighsTasks

if TYPE_CHECKING:
    import torch


class MGDAUpperBound(WeighsTasks, RepresentationBalancer):
    """v = Σ_m k_m·∇_m with k = argmin ‖Σ_m k_m·∂L_m/∂Z‖ on the simplex, for each group of parameters.

    ∇_m is the gradient by the parameters of the group. Z is its representation: the outputs by which it reaches other
    networks or losses, for all examples of the batch; see `valp.train.balance.representation`. Sener & Koltun have one
    encoder that all tasks share. In a VALP each group is the encoder of the losses that reach it.

    With the Jacobian J = ∂Z/∂θ, ∇_m = Jᵀ·∂L_m/∂Z, so ‖v‖ ≤ ‖J‖·‖Σ_m k_m·∂L_m/∂Z‖: what is minimised is an upper bound
    of the length that min-norm minimises, up to the factor ‖J‖. The weights are those of min-norm if Jᵀ keeps lengths
    up to one factor. Otherwise a loss may rise along −v. v is in the convex hull of the gradients, so it is at least as
    long as min-norm's, and at most as many times longer as the condition number of Jᵀ says.
    """

    code, title = "mgda-ub", "min-norm by the shared representations (MGDA-UB; Sener & Koltun 2018, 3.3)"

    def begin(
        self,
        reach: LossReach,
        settings: Mapping[str, Value],  # noqa: ARG002
        device: "torch.device",  # noqa: ARG002
    ) -> StepWeights:
        """See `RepresentationBalancer`."""
        return StepWeights(reach, min_norm_weights)
