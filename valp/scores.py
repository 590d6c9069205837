"""Scores of predictions."""

from torch import Tensor


def accuracy(probabilities: Tensor, classes: Tensor) -> float:
    """The share of rows whose most probable class is the true one; (n, classes) and (n,) int64."""
    return (probabilities.argmax(1) == classes).double().mean().item()


def mean_squared_error(prediction: Tensor, truth: Tensor) -> float:
    """mean (p − g)² over rows and variables; both (n, size)."""
    return (prediction.double() - truth.double()).square().mean().item()
