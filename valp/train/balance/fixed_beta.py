"""Fixed weights: the total loss Σ_j β_j·L_j (Garciarena et al., III-C)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from valp.train.balance.balance import FIXED, Value
from valp.train.balance.balancer import ScheduledBalancer
from valp.train.balance.loss_reach import LossReach

if TYPE_CHECKING:
    from torch import Tensor


class FixedBeta(ScheduledBalancer):
    """Each loss is weighted by its β, which is part of the graph and found by the search."""

    code, title = FIXED, "the weights β of the graph"

    def weights(self, betas: "Tensor", reach: LossReach, settings: Mapping[str, Value]) -> "Tensor":  # noqa: ARG002
        """β itself."""
        return betas
