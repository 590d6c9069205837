"""Counts of predicted and true values, which the page draws."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.score.prediction_scores import CERTAINTY, r_squared
from valp.search.show.report.rounding import rounded
from valp.spaces.problem.problem import Split

BINS = 32
"""The number of bins on each axis of a plot of predicted and true values."""

MOST_VARIABLES = 8
"""Outputs with more variables have no plots of single variables."""

TAIL = 0.002
"""The share of values left out at each end of an axis."""


def predicted(column: Column, values: Tensor, split: Split) -> dict[str, Any]:
    """Counts of an output's predicted and true values. Missing true values are left out.

    Args:
        column: the column of the output.
        values: (n, size), the model's predictions for each row; for classes and labels, probabilities.
        split: the rows.

    Returns:
        For classes `classes` and `confusion`, with a row for each true and a column for each predicted class. For
        labels `labels`: (name, true positives, false positives, false negatives, true negatives). For numbers `panels`
        of counts by true and predicted value, `r2` by variable, and their `names`.
    """
    truth, present = split.truths[column.name], split.present.get(column.name)
    about = {"name": column.name, "type": str(column.unit.type)}
    if column.has_class:
        return about | {"classes": class_names(column), "confusion": _confusion(values, truth, present, column.size)}
    there = torch.ones_like(truth, dtype=torch.bool) if present is None else present
    if column.type is DataType.DISCRETE:
        return about | {"labels": _labels(class_names(column), values > CERTAINTY, truth > CERTAINTY, there)}
    names = _names(column)
    panels = [_panel("all variables", values[there], truth[there])] if column.size > 1 else []
    if column.size <= MOST_VARIABLES:
        raw = [torch.from_numpy(column.restore(rows).reshape(len(rows), -1)) for rows in (values, truth)]
        panels += [_panel(names[i], raw[0][there[:, i], i], raw[1][there[:, i], i]) for i in range(column.size)]
    each = [_r2(values[:, i], truth[:, i], there[:, i]) for i in range(column.size)]
    return about | {"panels": panels, "r2": rounded(each, 3), "names": names}


def _names(column: Column) -> list[str]:
    """The names of an output's variables, or their numbers if they have no names."""
    if len(column.fields) == column.size:
        return list(column.fields)
    return [column.name] if column.size == 1 else [str(i) for i in range(column.size)]


def class_names(column: Column) -> list[str]:
    """The names of a Discrete column's classes, or their numbers if they have no names."""
    return list(column.classes or map(str, range(column.size)))


def _confusion(probabilities: Tensor, truth: Tensor, present: Tensor | None, classes: int) -> list[list[int]]:
    guess = probabilities.argmax(1)
    if present is not None:
        guess, truth = guess[present], truth[present]
    counts: list[list[int]] = (
        torch.bincount(truth * classes + guess, minlength=classes**2).reshape(classes, classes).tolist()
    )
    return counts


def _labels(names: list[str], guess: Tensor, truth: Tensor, there: Tensor) -> list[tuple[str, int, int, int, int]]:
    cells = (guess & truth, guess & ~truth, ~guess & truth, ~guess & ~truth)
    counts = [(cell & there).sum(0).tolist() for cell in cells]
    return [(name, *(int(count[i]) for count in counts)) for i, name in enumerate(names)]  # type: ignore[misc] # four


def _panel(title: str, values: Tensor, truth: Tensor) -> dict[str, Any]:
    """Counts of (true, predicted) values in a square of bins over their common range."""
    x, y = _numbers(truth), _numbers(values)
    both = np.concatenate([x, y])
    low, high = np.quantile(both, [TAIL, 1 - TAIL]) if len(both) else (0.0, 1.0)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    counts, _, _ = np.histogram2d(x, y, BINS, range=((low, high), (low, high)))
    filled = np.argwhere(counts > 0)
    return {
        "title": title,
        "range": rounded([float(low), float(high)], 4),
        "cells": [(int(i), int(j), int(counts[i, j])) for i, j in filled],
        "outside": int(len(x) - counts.sum()),
    }


def _numbers(tensor: Tensor) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = tensor.reshape(-1).double().numpy()
    return numbers


def _r2(values: Tensor, truth: Tensor, there: Tensor) -> float:
    return r_squared(values[there][:, None], truth[there][:, None]) if bool(there.any()) else 0.0
