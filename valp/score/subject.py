"""What scores are computed from: a trained VALP on the rows of a split."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the table of scores is read by listings, which must not load torch
    from torch import Tensor

    from valp.compile.module import VALPModule

NEIGHBOURS = 5
"""k of density and coverage; fewer if there are not more real samples."""


@dataclass(frozen=True)
class Predicted:
    """An output for n rows.

    Attributes:
        values: (n, size) float32; probabilities of a Discrete output.
        truth: (n, size) float32, or (n,) int64 classes; 0 where something is missing.
        present: bool, (n,) or (n, size): what is not missing; None if nothing is.
    """

    values: "Tensor"
    truth: "Tensor"
    present: "Tensor | None"


@dataclass(frozen=True)
class Conditions:
    """What conditioned n generated samples, as the judge sees it.

    Attributes:
        labels: (n,) int64 classes.
        features: (n, f).
        rows: (n,) int64, the numbers of the rows they are from.
    """

    labels: "Tensor"
    features: "Tensor"
    rows: "Tensor"


@dataclass(frozen=True)
class Generated:
    """Samples of an output, and real ones to compare them with.

    Attributes:
        samples: (n, size), generated.
        real: (m, size), of the split.
        features, real_features: (n, f) and (m, f): the judge's; without a judge the samples themselves, each variable
            scaled by its standard deviation in the training split.
        labels, real_labels: (n,) and (m,), the judge's classes; None without a judge.
        conditions: None if nothing conditions the samples, no input shows what they should look like, or there is no
            judge.
    """

    samples: "Tensor"
    real: "Tensor"
    features: "Tensor"
    real_features: "Tensor"
    labels: "Tensor | None" = None
    real_labels: "Tensor | None" = None
    conditions: Conditions | None = None

    @cached_property
    def density_and_coverage(self) -> tuple[float, float]:
        """As in `valp.score.generation_scores.density_and_coverage`; computed once."""
        from valp.score.generation_scores import density_and_coverage

        return density_and_coverage(self.real_features, self.features, min(NEIGHBOURS, len(self.real_features) - 1))


class Subject(ABC):
    """A trained VALP, in evaluation mode, and the rows it is scored on. What two scores ask for is computed once.

    Attributes:
        module: the VALP.
        inputs: (n, size) float32 for each input.
    """

    module: "VALPModule"
    inputs: "Mapping[str, Tensor]"

    @abstractmethod
    def predicted(self, output: str) -> Predicted:
        """An output that is predicted, for all rows."""

    @abstractmethod
    def generated(self, output: str) -> Generated | None:
        """Samples of a Samples output; None if it should have a judge and has none."""
