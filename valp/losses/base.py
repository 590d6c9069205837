"""What a loss must say of itself."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from valp.graph import DataType

if TYPE_CHECKING:  # losses are read by the typing pass, which must not load torch
    from torch import Tensor


class LossKind(ABC):
    """A loss l that compares a prediction with a ground truth (002, III-C).

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        takes: the types of prediction and truth it compares.
        reads: `values`, or `logits`: the prediction before its softmax or sigmoid.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    takes: ClassVar[frozenset[DataType]]
    reads: ClassVar[Literal["values", "logits"]] = "values"

    @abstractmethod
    def __call__(self, prediction: "Tensor", truth: "Tensor") -> "Tensor":
        """The loss as a scalar: the mean over the batch and, where there are several, over the variables.

        Args:
            prediction: (batch, size), values or logits as `reads` says.
            truth: (batch, size); for a Discrete truth (batch,), int64 class numbers.
        """
