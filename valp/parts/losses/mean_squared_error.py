"""The mean squared error."""

from typing import TYPE_CHECKING

from valp.graph.graph import DataType
from valp.parts.losses.loss_kind import LossKind

if TYPE_CHECKING:
    from torch import Tensor


class MeanSquaredError(LossKind):
    """mean (p − g)² over batch and variables (Garciarena et al., eq. 1)."""

    code, title = "mse", "mean squared error"
    squared = True
    takes = frozenset({DataType.NUMERIC, DataType.SAMPLES, DataType.FEATURES})

    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """See the class."""
        return (prediction - truth).square()
