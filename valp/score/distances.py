"""Distances of real and generated samples, which several scores need.

Notation: m real and n generated samples; features are rows of f floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Distances:
    """The distances of all pairs of m real and n generated samples, float64. Each matrix is computed when it is needed.

    Attributes:
        real_features: (m, f).
        features: (n, f), of the generated samples.
        known_real: (m, m), the distances of the real samples, if they are known already.
    """

    real_features: Tensor
    features: Tensor
    known_real: Tensor | None = None

    @cached_property
    def real(self) -> Tensor:
        """(m, m), between real samples."""
        return distances(self.real_features, self.real_features) if self.known_real is None else self.known_real

    @cached_property
    def between(self) -> Tensor:
        """(m, n), between real and generated samples."""
        return distances(self.real_features, self.features)

    @cached_property
    def generated(self) -> Tensor:
        """(n, n), between generated samples."""
        return distances(self.features, self.features)

    def part(self, real_rows: Tensor, rows: Tensor) -> "Distances":
        """The distances of some real and some generated samples, given by their row numbers."""
        part = Distances(self.real_features[real_rows], self.features[rows], self.real[real_rows][:, real_rows])
        vars(part)["between"] = self.between[real_rows][:, rows]
        vars(part)["generated"] = self.generated[rows][:, rows]
        return part

    def density_and_coverage(self, neighbours: int) -> tuple[float, float]:
        """See `valp.score.generation_scores.density_and_coverage`."""
        inside = inside_balls(self.real, self.between, neighbours)
        return int(inside.sum()) / (neighbours * inside.shape[1]), int(inside.any(1).sum()) / len(inside)

    def diversity(self, real_labels: Tensor, labels: Tensor) -> float | None:
        """See `valp.score.generation_scores.within_class_diversity`."""
        return mean_ratio(_means(self.real, real_labels), _means(self.generated, labels))

    def spread(self, real_labels: Tensor, groups: Tensor) -> float | None:
        """See `valp.score.generation_scores.spread`."""
        real, generated = _mean_within(self.real, real_labels), _mean_within(self.generated, groups)
        return generated / real if real and generated is not None else None


def distances(left: Tensor, right: Tensor) -> Tensor:
    """The Euclidean distances of rows (a, f) and (b, f), (a, b) float64."""
    # The faster matrix-product form rounds so much that a sample is not at distance 0 from itself.
    return torch.cdist(left.double(), right.double(), compute_mode="donot_use_mm_for_euclid_dist")


def inside_balls(among: Tensor, between: Tensor, neighbours: int) -> Tensor:
    """Which generated samples lie in the ball around each real one up to its k-th nearest other real sample.

    Args:
        among: (a, m), the distances of a real samples and all m, themselves included.
        between: (a, n), the distances of the a real samples and all generated ones.
        neighbours: k.

    Returns:
        bool, (a, n).
    """
    radii = among.kthvalue(neighbours + 1, dim=1).values  # a sample is its own nearest one, at distance 0
    return between <= radii[:, None]


def mean_ratio(real: Mapping[int, float], generated: Mapping[int, float]) -> float | None:
    """The mean over labels of generated / real, where real is not 0; a label without a generated value counts as 0."""
    ratios = [generated.get(label, 0.0) / value for label, value in real.items() if value > 0]
    return sum(ratios) / len(ratios) if ratios else None


def _means(among: Tensor, labels: Tensor) -> dict[int, float]:
    """The mean distance of two samples of each label; 0 for a label with one sample."""
    names, places = torch.unique(labels, return_inverse=True)
    members = torch.nn.functional.one_hot(places, len(names)).to(among.dtype)
    sums, counts = (among @ members * members).sum(0), members.sum(0)
    means = sums / (counts * (counts - 1)).clamp(min=1)
    return dict(zip(names.tolist(), means.tolist(), strict=True))


def _mean_within(among: Tensor, labels: Tensor) -> float | None:
    """The mean distance of two samples of one label; None if no label has two samples."""
    same = labels[:, None] == labels[None]
    pairs = int(same.sum()) - len(labels)
    return float((among * same).sum()) / pairs if pairs else None
