"""What scores are computed from: a trained VALP on the rows of a split."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from valp.score.scored_output import ScoredOutput

if TYPE_CHECKING:  # listings read the table of scores and must not load torch
    from torch import Tensor

    from valp.compile.module import VALPModule
    from valp.score.distances import Distances
    from valp.score.nearest import Nearest
    from valp.score.table_scores import Floats

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

    def part(self, rows: "Tensor") -> "Predicted":
        """The predictions for some rows, given by their numbers."""
        present = None if self.present is None else self.present[rows]
        return Predicted(self.values[rows], self.truth[rows], present)


@dataclass(frozen=True)
class Attacked:
    """The predictions of an output for n rows: as they are, and under each of several attacks on the inputs.

    Attributes:
        values: (1 + attacks, n, size) float32, without an attack first.
        truth, present: as in `Predicted`.
        zero: bool, (n,), where the gradient of the output's error with respect to the inputs is zero.
    """

    values: "Tensor"
    truth: "Tensor"
    present: "Tensor | None"
    zero: "Tensor"

    def part(self, rows: "Tensor") -> "Attacked":
        """The predictions for some rows, given by their numbers."""
        present = None if self.present is None else self.present[rows]
        return Attacked(self.values[:, rows], self.truth[rows], present, self.zero[rows])


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

    @cached_property
    def copies(self) -> "Tensor":
        """As in `valp.score.generation_scores.copies`; computed once."""
        from valp.score.generation_scores import copies

        return copies(self.real, self.samples, self.rows)

    def part(self, chosen: "Tensor") -> "Conditioned":
        """Some of the samples. Whether they are copies is known from the comparison with all rows."""
        taken = (_rows(tensor, chosen) for tensor in (self.labels, self.real_labels))
        part = Conditioned(self.rows[chosen], self.samples[chosen], self.real[chosen], *taken)
        vars(part)["copies"] = self.copies[chosen]
        return part


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

    @cached_property
    def nearest(self) -> "Nearest":
        """How near each sample is to the rows; computed once."""
        from valp.score.nearest import nearest

        return nearest(self.train, self.held, self.samples)

    def part(self, parts: "Tensor") -> "Records":
        """The same samples, compared with some of the held-out rows: some parts of `nearest`."""
        near = self.nearest
        part = Records(self.samples, self.train, self.held[near.rows_of(parts)])
        vars(part)["nearest"] = near.part(parts)
        return part


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
        real_distances: (n, n), the distances of the real features, if they are known already.
        rows_in_units: the real and the generated rows in the user's units, (n, size) each; if None, these are the
            model's.
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
    real_distances: "Tensor | None" = None
    rows_in_units: "tuple[Floats, Floats] | None" = None

    @cached_property
    def in_units(self) -> "tuple[Floats, Floats]":
        """The real and the generated rows in the user's units."""
        return (self.real.numpy(), self.samples.numpy()) if self.rows_in_units is None else self.rows_in_units

    @cached_property
    def votes(self) -> "tuple[Floats, Floats]":
        """As in `valp.score.table_scores.votes`; computed once."""
        from valp.score.table_scores import votes

        return votes(*self.in_units)

    @cached_property
    def distances(self) -> "Distances":
        """The distances of the real and the generated features; computed once."""
        from valp.score.distances import Distances

        return Distances(self.real_features, self.features, self.real_distances)

    @cached_property
    def density_and_coverage(self) -> tuple[float, float]:
        """As in `valp.score.generation_scores.density_and_coverage`; computed once."""
        return self.distances.density_and_coverage(min(NEIGHBOURS, len(self.real_features) - 1))

    def part(
        self, real_rows: "Tensor", rows: "Tensor", conditioned: "Tensor | None", held: "Tensor | None"
    ) -> "Generated":
        """Some of the real and of the generated samples.

        Args:
            real_rows: the numbers of the real samples.
            rows: the numbers of the generated samples.
            conditioned: the numbers of the samples with one condition each; None if there are none.
            held: the numbers of the parts of held-out rows that all generated samples are compared with, as in
                `valp.score.nearest.Nearest.part`; None if there are none.
        """
        records = self.records
        part = Generated(
            samples=self.samples[rows],
            real=self.real[real_rows],
            features=self.features[rows],
            real_features=self.real_features[real_rows],
            labels=_rows(self.labels, rows),
            real_labels=_rows(self.real_labels, real_rows),
            groups=_rows(self.groups, rows),
            conditioned=None if self.conditioned is None or conditioned is None else self.conditioned.part(conditioned),
            records=None if records is None or held is None else records.part(held),
        )
        vars(part)["distances"] = self.distances.part(real_rows, rows)
        for name in ("in_units", "votes"):
            if name in vars(self):  # a score has asked for them
                real, made = vars(self)[name]
                vars(part)[name] = real[real_rows.numpy()], made[rows.numpy()]
        return part


class Subject(ABC):
    """A trained VALP, in evaluation mode, and the rows it is scored on. What several scores need is computed once.

    Attributes:
        module: the VALP.
        inputs: (n, size) float32 for each input.
        outputs: the outputs of the problem. The VALP may lack some; see `has`.
    """

    module: "VALPModule"
    inputs: "Mapping[str, Tensor]"
    outputs: Sequence[ScoredOutput] = ()

    def has(self, output: str) -> bool:
        """Whether the VALP has an output."""
        return output in self.module.plan.outputs

    @abstractmethod
    def predicted(self, output: str) -> Predicted:
        """The predictions of an output for all rows."""

    @abstractmethod
    def generated(self, output: str) -> Generated | None:
        """Samples of a Samples output; None if it should have a judge but has none."""

    def attacked(self, output: str, size: float) -> Attacked | None:  # noqa: ARG002 - subclasses may use it
        """The predictions of an output for all rows, without and under attacks; None if there can be no attack.

        The attacks are the same for all outputs, in the same order.

        Args:
            output: the name of the output.
            size: how much a variable of an input may be changed, in the model's units.
        """
        return None

    def zero_gradient(self, output: str) -> "Tensor | None":  # noqa: ARG002 - subclasses may use it
        """`Attacked.zero` of all rows; None if there can be no attack."""
        return None


def _rows(tensor: "Tensor | None", rows: "Tensor") -> "Tensor | None":
    return None if tensor is None else tensor[rows]
