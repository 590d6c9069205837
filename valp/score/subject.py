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
class Conditioned:
    """n samples, each with a condition of its own, and the real samples of the rows that conditioned them.

    A row is represented by its real sample, not by the inputs that condition: these may be fewer variables, or have
    another scaling.

    Attributes:
        rows: (n,) int64, the number of the row that conditioned each sample.
        samples, real: (n, size), the samples and the real samples, each variable standardised by its mean and standard
            deviation in the training split.
        labels, real_labels: (n,) int64, the judge's classes of both; None without a judge.
    """

    rows: "Tensor"
    samples: "Tensor"
    real: "Tensor"
    labels: "Tensor | None" = None
    real_labels: "Tensor | None" = None


@dataclass(frozen=True)
class Records:
    """Samples and real rows, with every variable standardised by the training split.

    Wide rows are projected to fewer variables, which keeps their distances approximately (Johnson and Lindenstrauss
    1984).

    Attributes:
        samples: (n, d).
        train: (N, d), the rows that the model was trained on.
        held: (H, d), rows that it was not trained on and that condition no sample.
    """

    samples: "Tensor"
    train: "Tensor"
    held: "Tensor"


@dataclass(frozen=True)
class Generated:
    """Samples of an output, and as many real rows of the split to compare them with.

    If inputs condition the samples, they have few different conditions, with many draws of the noise for each: one row
    of each class, or ten rows where there are no classes.

    Attributes:
        samples: (n, size), generated.
        real: (n, size), from the split.
        features, real_features: (n, f), the judge's features. Without a judge the samples themselves, standardised by
            the training split.
        labels, real_labels: (n,), the judge's classes; None without a judge.
        groups: (n,) int64, the number of the condition of each sample; None if nothing conditions the samples.
        conditioned: samples with one condition each (Garciarena et al., V-D3); None if nothing conditions the samples.
        records: what says whether samples are training rows; None if there is no held-out row.
    """

    samples: "Tensor"
    real: "Tensor"
    features: "Tensor"
    real_features: "Tensor"
    labels: "Tensor | None" = None
    real_labels: "Tensor | None" = None
    groups: "Tensor | None" = None
    conditioned: Conditioned | None = None
    records: Records | None = None

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
