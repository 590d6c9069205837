"""Scores of predictions. `present` is False where the ground truth is missing; None if nothing is missing."""

from math import nan, sqrt

import torch
from torch import Tensor

CERTAINTY = 0.5
"""A label is predicted where its probability is above this."""


def accuracy(probabilities: Tensor, classes: Tensor, present: Tensor | None = None) -> float:
    """The share of rows whose most probable class is the true one; (n, classes), (n,) int64 and (n,) bool."""
    return _mean(probabilities.argmax(1) == classes, present)


def balanced_accuracy(probabilities: Tensor, classes: Tensor, present: Tensor | None = None) -> float | None:
    """The mean over the classes that occur of the share of their rows that are right (Brodersen et al. 2010, eq. 1).

    A model that always predicts one of k classes that occur has 1 / k, however frequent the class is. So it is None if
    only one class occurs. Shapes as for `accuracy`.
    """
    right = _right_by_class(probabilities, classes, present)
    if len(right) < 2:
        return None
    return torch.tensor([rows.mean() for rows in right]).mean().item()


def balanced_accuracy_error(probabilities: Tensor, classes: Tensor, present: Tensor | None = None) -> float:
    """The standard error of `balanced_accuracy`: √(Σ p (1 − p) / n) / k, over k classes of n rows each.

    p is the share of rows that are right, adjusted as in `share_error`, so a class of three rows that are all right is
    not certain.
    """
    variances = []
    for rows in _right_by_class(probabilities, classes, present):
        share = _adjusted(rows.mean().item(), len(rows))
        variances.append(share * (1 - share) / len(rows))
    return sqrt(sum(variances)) / len(variances) if variances else nan


def share_error(share: float, rows: int) -> float:
    """The standard error of a share of rows with two successes and two failures added (Agresti and Coull 1998)."""
    adjusted = _adjusted(share, rows)
    return sqrt(adjusted * (1 - adjusted) / (rows + 4))


def _adjusted(share: float, rows: int) -> float:
    return (share * rows + 2) / (rows + 4)


def _right_by_class(probabilities: Tensor, classes: Tensor, present: Tensor | None) -> list[Tensor]:
    """For each class that occurs, 1 for each of its rows that is right, and 0 for each other, float64."""
    if present is not None:
        probabilities, classes = probabilities[present], classes[present]
    right = (probabilities.argmax(1) == classes).double()
    return [right[classes == one] for one in torch.unique(classes)]


def label_accuracy(probabilities: Tensor, truth: Tensor, present: Tensor | None = None) -> float:
    """The share of yes/no labels, 0 or 1, that a threshold of 1/2 predicts correctly; all (n, labels)."""
    return _mean((probabilities > CERTAINTY) == (truth > CERTAINTY), present)


def mean_squared_error(prediction: Tensor, truth: Tensor, present: Tensor | None = None) -> float:
    """mean (p − g)² over rows and variables; all (n, size)."""
    return _mean((prediction.double() - truth.double()).square(), present)


def r_squared(prediction: Tensor, truth: Tensor, present: Tensor | None = None) -> float:
    """R² = 1 − Σ (p − g)² / Σ (g − mean g)², each sum over rows and variables; all (n, size).

    1 is perfect, 0 is as good as predicting the mean of g of each variable. If all variables are constant it is 0. The
    sums are pooled, because in a mean over variables those that hardly vary decide.
    """
    there = torch.ones_like(truth, dtype=torch.bool) if present is None else present
    low, high = (torch.where(there, truth, bound) for bound in (torch.inf, -torch.inf))
    if not bool((low.amin(0) < high.amax(0)).any()):
        return 0.0
    g, p, shares = truth.double(), prediction.double(), there.double()
    mean = (g * shares).sum(0) / shares.sum(0).clamp(min=1)
    residual, total = (((g - other).square() * shares).sum().item() for other in (p, mean))
    return 1 - residual / total


def _mean(values: Tensor, present: Tensor | None) -> float:
    return (values if present is None else values[present]).double().mean().item()
