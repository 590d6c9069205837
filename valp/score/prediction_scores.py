"""Scores of predictions. `present` is False where the ground truth is missing; None if nothing is missing."""

import torch
from torch import Tensor

CERTAINTY = 0.5
"""A label is predicted where its probability is above this."""


def accuracy(probabilities: Tensor, classes: Tensor, present: Tensor | None = None) -> float:
    """The share of rows whose most probable class is the true one; (n, classes), (n,) int64 and (n,) bool."""
    return _mean(probabilities.argmax(1) == classes, present)


def balanced_accuracy(probabilities: Tensor, classes: Tensor, present: Tensor | None = None) -> float:
    """The mean over the classes that occur of the share of their rows that are right (Brodersen et al. 2010, eq. 1).

    A model that always predicts one of k classes has 1 / k, however frequent the class is. Shapes as for `accuracy`.
    """
    if present is not None:
        probabilities, classes = probabilities[present], classes[present]
    right = (probabilities.argmax(1) == classes).double()
    return torch.tensor([right[classes == one].mean() for one in classes.unique()]).mean().item()


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
