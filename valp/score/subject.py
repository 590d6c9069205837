"""What scores are computed from: a trained VALP on the rows of a split."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # listings read the table of scores and must not load torch
    from torch import Tensor

    from valp.compile.module import VALPModule

NEIGHBOURS = 5
"""k of density and coverage; smaller if there are too few real samples."""


@dataclass(frozen=True)
class Predicted:
    """The predictions of an output for n rows.

    Attributes:
        values: (n, size) float32; probabilities for a Discrete output.
        truth: (n, size) float32, or (n,) int64 classes; 0 where it is missing.
        present: bool, (n,) or (n, size), False where the truth is missing; None if nothing is missing.
    """

    values: "Tensor"
    truth: "Tensor"
    present: "Tensor | None"


@dataclass(frozen=True)
class Conditions:
    """The conditions of n generated samples, as the judge sees them.

    Attributes:
        labels: (n,) int64 classes.
        features: (n, f).
        rows: (n,) int64, the numbers of their rows.
    """

    labels: "Tensor"
    features: "Tensor"
    rows: "Tensor"


@dataclass(frozen=True)
class Generated:
    """Samples of an output, and real ones to compare them with.

    Attributes:
        samples: (n, size), generated.
        real: (m, size), from the split.
        features, real_features: (n, f) and (m, f), the judge's features. Without a judge the samples themselves, each
            variable scaled by its standard deviation in the training split.
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
    """A trained VALP, in evaluation mode, and the rows it is scored on. What several scores need is computed once.

    Attributes:
        module: the VALP.
        inputs: (n, size) float32 for each input.
    """

    module: "VALPModule"
    inputs: "Mapping[str, Tensor]"

    @abstractmethod
    def predicted(self, output: str) -> Predicted:
        """The predictions of an output for all rows."""

    @abstractmethod
    def generated(self, output: str) -> Generated | None:
        """Samples of a Samples output; None if it should have a judge but has none."""
