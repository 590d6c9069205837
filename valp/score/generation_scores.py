"""Scores of generated samples, computed from a judge's labels and features.

Notation: n generated and m real samples; labels are integers in 0 … classes − 1; features are rows of f floats, the
judge's penultimate activations. Every function is pure and returns a finite number, or None if there is nothing to
compare. Features must be finite, so leave out the non-finite samples of a diverged model before judging. Empty input
raises ValueError.
"""

import math

import torch
from torch import Tensor

from valp.score.distances import distances, inside_balls, mean_ratio
from valp.score.nearest import nearest

ROWS = 1024  # rows per block of distances: 1,024 × 5,000 float64 take 40 MB


def class_entropy(labels: Tensor, real_labels: Tensor, classes: int) -> float:
    """How well the classes of samples agree with those of the data: E = 1 − KL(q ‖ p) / log(classes), at least 0.

    q and p are the shares of the classes among the labels [n] of the samples and [m] of the data, with one count added
    to each class. E is 1 if the classes are equally frequent in both. For balanced data it is the normalised entropy
    H(q) / log(classes) of Garciarena et al., V-D2. It does not measure fidelity. Raises ValueError without labels,
    with fewer than 2 classes, or for a label outside 0 … classes − 1.
    """
    q, p = (
        (counts + 1) / (counts.sum() + classes) for counts in (_class_counts(x, classes) for x in (labels, real_labels))
    )
    divergence = (q * (q / p).log()).sum().item()
    return min(max(1 - divergence / math.log(classes), 0.0), 1.0)


def density_and_coverage(real_features: Tensor, generated_features: Tensor, neighbours: int = 5) -> tuple[float, float]:
    """Fidelity and diversity of generated features [n, f] compared with real ones [m, f].

    B_i is the ball around real sample i up to its k-th nearest other real sample, k = `neighbours`:
    density = 1/(k n) Σ_j Σ_i [generated j lies in B_i], which is about 1 for the data itself and may exceed it;
    coverage = 1/m Σ_i [some generated j lies in B_i], in [0, 1].
    A sample on the surface of a ball counts as inside. Source: Naeem et al. 2020, arXiv:2002.09797.
    Raises ValueError without generated samples, with at most k real ones, or for k < 1.
    """
    real, generated = _same_width(real_features, generated_features)
    if neighbours < 1 or len(real) <= neighbours:
        raise ValueError(f"More than neighbours ≥ 1 real samples are needed, but got {len(real)} and {neighbours=}.")
    hits = torch.zeros((), dtype=torch.int64)
    covered = 0
    for block in range(0, len(real), ROWS):
        centres = real[block : block + ROWS]
        inside = inside_balls(distances(centres, real), distances(centres, generated), neighbours)
        hits += inside.sum()
        covered += int(inside.any(dim=1).sum())
    return hits.item() / (neighbours * len(generated)), covered / len(real)


def within_class_diversity(
    real_features: Tensor, real_labels: Tensor, generated_features: Tensor, generated_labels: Tensor
) -> float | None:
    """The diversity of generated samples within a class, relative to that of the data: 1 means equally diverse.

    The mean, over the classes c of the data, of d(generated features of c) / d(real features of c), where d is the
    mean Euclidean distance over all pairs of different samples. A class with fewer than 2 generated samples counts
    as 0, so a model that omits classes cannot score well by varying the others. Classes with fewer than 2 real
    samples, or with identical real samples, are left out; if none is left the result is None. It measures the *local
    mode collapse* of Garciarena et al. Labels are [m] and [n], features [m, f] and [n, f]. Raises ValueError without
    samples or when labels and features differ in number.
    """
    real, generated = _same_width(real_features, generated_features)
    _check_labelled(real, real_labels, generated, generated_labels)
    means = [
        {label: _mean_distance(features[labels == label]) for label in sorted(set(labels.tolist()))}
        for features, labels in ((real, real_labels), (generated, generated_labels))
    ]
    return mean_ratio(*means)


def spread(real_features: Tensor, real_labels: Tensor, generated_features: Tensor, groups: Tensor) -> float | None:
    """How much samples of one condition vary, relative to real rows of one class: 0 is a reproduction, 1 as varied.

    The mean distance of two samples [n, f] of one group, divided by the mean distance of two real rows [m, f] of one
    label; both over all such pairs. Give one label to all rows and one group to all samples where there are no classes
    and no conditions. None if no group has two samples, no label has two rows, or such rows are identical. Raises
    ValueError without samples or when labels or groups [n] and features differ in number.
    """
    real, generated = _same_width(real_features, generated_features)
    _check_labelled(real, real_labels, generated, groups)
    among_real, among_generated = _mean_distance_within(real, real_labels), _mean_distance_within(generated, groups)
    return among_generated / among_real if among_real and among_generated is not None else None


def conditioning_accuracy(condition_labels: Tensor, generated_labels: Tensor) -> float:
    """The share of generated samples that get the same label [n] from the judge as their condition [n].

    Source: Garciarena et al., V-D3. Raises ValueError without samples or when the two differ in number.
    """
    _check_pairs(condition_labels, generated_labels)
    return (condition_labels == generated_labels).double().mean().item()


def copying(real: Tensor, samples: Tensor, rows: Tensor) -> float:
    """The share of generated samples that lie nearer to the row that conditioned them than to any other such row.

    It is near 1 for a decoder that reproduces its condition. For one that only uses the condition's class, it is about
    1 / (rows of the class).

    Args:
        real: [n, d], the real sample of the row that conditioned each sample.
        samples: [n, d].
        rows: [n], the number of the row that conditioned each sample; a row may have conditioned several.

    Raises:
        ValueError: without samples, or when the three differ in number.
    """
    if not len(rows) or not len(rows) == len(real) == len(samples):
        counts = f"{len(real)}, {len(samples)} and {len(rows)}"
        raise ValueError(f"Each of at least 1 generated sample has a real row and its number, but got {counts}.")
    return copies(real, samples, rows).double().mean().item()


def copies(real: Tensor, samples: Tensor, rows: Tensor) -> Tensor:
    """Which samples lie nearest to the row that conditioned them, bool (n,). The arguments are those of `copying`."""
    return rows[torch.cdist(samples.double(), real.double()).argmin(1)] == rows


def memorising(train: Tensor, held: Tensor, samples: Tensor) -> float:
    """The share of samples that lie nearer to a training row than to any of as many held-out rows: 0.5 is none.

    It is a test by the distance to the closest record. The number of held-out rows H is usually smaller than the
    number of training rows N. A sample of a model that has memorised nothing then lies nearest to a held-out row with
    probability H / (N + H). With s the share of samples that do, the result is 1 − s / 2 · (N + H) / H, at least 0. For
    N = H this is the share of samples nearest to a training row. A sample that is equally near counts half, as rounded
    rows often are.

    Args:
        train: [N, d].
        held: [H, d].
        samples: [n, d].

    Raises:
        ValueError: if one of them has no row.
    """
    if not len(train) or not len(held) or not len(samples):
        counts = f"{len(train)}, {len(held)} and {len(samples)}"
        raise ValueError(f"At least 1 training row, held-out row and sample are needed, but got {counts}.")
    return nearest(train, held, samples).memorising


def conditioning_matrix(condition_labels: Tensor, generated_labels: Tensor, classes: int) -> Tensor:
    """Counts int64 [classes, classes]: row = the judge's label of the condition, column = of the generated sample.

    Its trace over its sum is `conditioning_accuracy`. Source: Garciarena et al., Fig. 6. Raises ValueError without
    samples, when the two label vectors [n] differ in number, or for a label outside 0 … classes − 1.
    """
    _check_pairs(condition_labels, generated_labels)
    for labels in (condition_labels, generated_labels):
        _class_counts(labels, classes)
    cells = condition_labels.long() * classes + generated_labels.long()
    return torch.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def _class_counts(labels: Tensor, classes: int) -> Tensor:
    if classes < 2 or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"At least 1 label (n,) and 2 classes are needed, but got {tuple(labels.shape)}, {classes=}.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"Labels lie in 0 … {classes - 1}, but got {int(labels.min())} … {int(labels.max())}.")
    return torch.bincount(labels.long(), minlength=classes).double()


def _check_pairs(condition_labels: Tensor, generated_labels: Tensor) -> None:
    if len(condition_labels) == 0 or condition_labels.shape != generated_labels.shape:
        shapes = f"{tuple(condition_labels.shape)} and {tuple(generated_labels.shape)}"
        raise ValueError(f"Each of at least 1 generated label has a condition's label, but got shapes {shapes}.")


def _same_width(real: Tensor, generated: Tensor) -> tuple[Tensor, Tensor]:
    if real.ndim != 2 or generated.ndim != 2 or real.shape[1] != generated.shape[1] or len(generated) == 0:
        shapes = f"{tuple(real.shape)} and {tuple(generated.shape)}"
        raise ValueError(f"Real (m, f) and at least 1 generated (n, f) features are needed, but got shapes {shapes}.")
    return real.double(), generated.double()


def _check_labelled(real: Tensor, real_labels: Tensor, generated: Tensor, generated_labels: Tensor) -> None:
    if len(real) == 0 or len(real) != len(real_labels) or len(generated) != len(generated_labels):
        sizes = f"{len(real)}, {len(real_labels)}, {len(generated)} and {len(generated_labels)}"
        raise ValueError(f"Each of at least 1 real and 1 generated sample has a label, but got sizes {sizes}.")


def _summed_distance(features: Tensor) -> float:
    """The sum of the distances of all ordered pairs."""
    sums = [distances(features[block : block + ROWS], features).sum() for block in range(0, len(features), ROWS)]
    return torch.stack(sums).sum().item()


def _mean_distance(features: Tensor) -> float:
    count = len(features)
    return _summed_distance(features) / (count * (count - 1)) if count > 1 else 0.0


def _mean_distance_within(features: Tensor, labels: Tensor) -> float | None:
    """The mean distance of two rows of one label; None if no label has two rows."""
    groups = [features[labels == label] for label in sorted(set(labels.tolist()))]
    pairs = sum(len(group) * (len(group) - 1) for group in groups)
    return sum(_summed_distance(group) for group in groups) / pairs if pairs else None
