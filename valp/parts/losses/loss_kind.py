"""The base class of losses."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from valp.graph.graph import DataType

if TYPE_CHECKING:  # `check` reads losses and must not load torch
    from torch import Tensor


SMALLEST = 1e-12
"""The smallest sum of weights by which a loss is divided."""


class LossKind(ABC):
    """A loss l that compares a prediction with a ground truth (Garciarena et al., III-C).

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        takes: the types of prediction and truth that it compares; a user's own type counts as the type it is like.
        truth: the form of the ground truth: `classes`, (batch,) int64 class numbers; `labels`, (batch, size) of 0 and
            1, each variable a separate label; `values`, (batch, size).
        reads: `values`, or `logits`: the prediction before its softmax or sigmoid.
        squared: whether it grows with the square of its data's unit.
        spread: whether it is the likelihood of a Gaussian around the prediction. The variance of each variable is then
            estimated after training, and samples can be draws instead of means.
        critic: whether it reads a critic's logits, (batch,), that the prediction is real, instead of the prediction.
        floor: the loss of a perfect prediction, if that is a constant. A balancing method that compares the sizes of
            losses compares what lies above it.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    takes: ClassVar[frozenset[DataType]]
    truth: ClassVar[Literal["classes", "labels", "values"]] = "values"
    reads: ClassVar[Literal["values", "logits"]] = "values"
    squared: ClassVar[bool] = False
    spread: ClassVar[bool] = False
    critic: ClassVar[bool] = False
    floor: ClassVar[float] = 0.0

    @property
    def of_rows(self) -> bool:
        """Whether a row has one loss, not one for each of its variables."""
        return self.critic or self.truth == "classes"

    @abstractmethod
    def each(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """The loss of each variable, (batch, size), or of each row, (batch,).

        Args:
            prediction: (batch, size), values or logits as `reads` says.
            truth: as `truth` says.
        """

    def __call__(self, prediction: "Tensor", truth: "Tensor", weights: "Tensor | None" = None) -> "Tensor":
        """The loss as a scalar: the weighted mean over the batch and, for a loss of variables, over the variables.

        Args:
            prediction: (batch, size), values or logits as `reads` says.
            truth: as `truth` says; finite even where the weight is 0.
            weights: (batch,) or (batch, size); 0 leaves a label out. A loss of rows takes the smallest weight of a
                row's variables. If all weights are 0, the loss is 0.
        """
        return weighted_mean(self.each(prediction, truth), weights)


def weighted_mean(each: "Tensor", weights: "Tensor | None") -> "Tensor":
    """Σ w·l / Σ w, for losses l and weights w of variables, (batch, size), or of rows, (batch,); see `LossKind`."""
    if weights is None:
        return each.mean()
    if weights.ndim > each.ndim:
        weights = weights.amin(1)
    elif weights.ndim < each.ndim:
        weights = weights[:, None].expand_as(each)
    return (each * weights).sum() / weights.sum().clamp_min(SMALLEST)
