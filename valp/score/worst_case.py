"""Scores of predictions that must hold without an attack and under every attack: the worst case of each row."""

from collections.abc import Sequence

import torch
from torch import Tensor

from valp.score.prediction_scores import CERTAINTY
from valp.score.subject import Attacked, Predicted


def right_classes(found: Predicted | Attacked) -> Tensor:
    """bool, (n,): whether the most probable class is the true one, for `Attacked` also under every attack."""
    right = found.values.argmax(-1) == found.truth
    return right.reshape(-1, len(found.truth)).all(0)


def robust_accuracy(found: Attacked) -> float:
    """The share of rows with a class for which `right_classes` is True."""
    return right_classes(found)[known_rows(found)].double().mean().item()


def robust_label_accuracy(found: Attacked) -> float:
    """The share of yes/no labels that a threshold of 1/2 predicts correctly, also under every attack."""
    right = ((found.values > CERTAINTY) == (found.truth > CERTAINTY)).all(0)
    return (right if found.present is None else right[found.present]).double().mean().item()


def robust_error(found: Attacked) -> float:
    """The mean of (p − g)² over rows and variables, each row without an attack or under that with the largest sum."""
    squares = (found.values.double() - found.truth.double()).square()
    there = torch.ones_like(squares[0]) if found.present is None else found.present.double()
    return ((squares * there).sum(2).amax(0).sum() / there.sum()).item()


def joint_accuracy(outputs: Sequence[Predicted | Attacked]) -> float | None:
    """The share of rows for which `right_classes` is True in all outputs, at least one.

    Rows with a missing class are left out. None if no row has all classes.
    """
    known = torch.stack([known_rows(found) for found in outputs]).all(0)
    right = torch.stack([right_classes(found) for found in outputs]).all(0)[known]
    return right.double().mean().item() if len(right) else None


def zero_share(zero: Tensor, found: Predicted | Attacked) -> float:
    """The share of the rows with a label for which `zero`, bool (n,), is True."""
    return zero[known_rows(found)].double().mean().item()


def known_rows(found: Predicted | Attacked) -> Tensor:
    """bool, (n,): whether the row has a class, or a value of any variable."""
    count = len(found.truth)
    if found.present is None:
        return torch.ones(count, dtype=torch.bool)
    return found.present.reshape(count, -1).any(1)
