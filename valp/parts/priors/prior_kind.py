"""The base class of priors."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # `check` reads priors and must not load torch
    from valp.parts.priors.class_prior import ClassPrior
    from valp.parts.priors.fitted_prior import FittedPrior


class PriorKind(ABC):
    """A prior of the latent variables of a network: of all its latent connections together.

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        fitted: whether it is fitted to the codes of the training data after training. Otherwise it is N(0, I).
        by_class: whether it depends on the class where samples are asked for by a class. It is then also fitted to the
            codes of each class.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    fitted: ClassVar[bool] = True
    by_class: ClassVar[bool] = False

    @abstractmethod
    def build(self, size: int) -> "FittedPrior":
        """A prior of `size` latent variables that is not fitted yet; until then it is N(0, I)."""

    def build_by_class(self, size: int, classes: int) -> "ClassPrior":
        """A prior of `size` latent variables that depends on one of `classes` classes; only called if `by_class`."""
        raise NotImplementedError(f"the prior {self.code!r} of {size} variables does not depend on {classes} classes")

    def numbers(self, size: int, classes: int = 1) -> int:  # noqa: ARG002 - a prior of another package may not say it
        """At least how many numbers `build` holds, or `build_by_class` for so many classes; 0 if not known.

        Limits of size and of memory depend on it.
        """
        return 0
