"""The base class of priors."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # `check` reads priors and must not load torch
    from valp.parts.priors.fitted_prior import FittedPrior


class PriorKind(ABC):
    """A prior of the latent variables of a network: of all its latent connections together.

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        fitted: whether it is fitted to the codes of the training data after training. Otherwise it is N(0, I).
    """

    code: ClassVar[str]
    title: ClassVar[str]
    fitted: ClassVar[bool] = True

    @abstractmethod
    def build(self, size: int) -> "FittedPrior":
        """A prior of `size` latent variables that is not fitted yet; until then it is N(0, I)."""
