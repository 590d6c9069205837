"""Scales numbers for a model: offsets and scales, learned on the training split."""

from math import prod
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from valp.model.quantiles import Quantiles

Scaling = Literal["standard", "minmax", "quantile", "none"]
"""`standard`: mean 0 and standard deviation 1. `minmax`: 0 to 1. `quantile`: the normal score of a value's rank, for
tables. `none`: not scaled."""

SCALINGS: tuple[str, ...] = get_args(Scaling)

PIXEL_SCALE = 255.0
"""The scale of 8-bit integers, such as pixels."""

QUANTILE: Scaling = "quantile"

KNOTS = 200
"""The most values that the quantiles of a variable with many values have."""

MOST_STEPS = 500
OFTEN_REPEATED = 0.7
"""A variable with at most this share of different values in the training split, and at most `MOST_STEPS`, only has
these values."""

Constants = float | tuple[float, ...]
"""One number for all variables, or one for each."""


def learnt_scaling(
    values: NDArray[Any], train: NDArray[Any], scaling: str, *, by_channel: bool = False, as_one: bool = False
) -> tuple[Constants, Constants]:
    """The offset and scale of numbers. A raw value r becomes (r − offset) / scale in the model.

    A variable that is constant becomes 0. A variable without finite values is not scaled. 8-bit integers are divided
    by 255, unless the scaling is `none`.

    Args:
        values: (n, …) numbers. NaN is a missing value, which is ignored.
        train: the row numbers of the training split.
        scaling: a code of `SCALINGS`; for `quantile` the result is that of `standard`.
        by_channel: whether all variables of a channel, the second axis, share one scale.
        as_one: whether all variables share one scale.
    """
    scaling = "standard" if scaling == QUANTILE else scaling
    if scaling == "none" or values[train].size == 0:
        return 0.0, 1.0
    if values.dtype == np.uint8:
        return 0.0, PIXEL_SCALE
    trained = values[train].astype(np.float64)
    groups = values.shape[1] if by_channel else 1 if as_one else prod(values.shape[1:])
    rows = np.moveaxis(trained.reshape(len(trained), groups, -1), 1, 0).reshape(groups, -1)
    finite = np.isfinite(rows)
    rows = np.where(finite, rows, np.nan)
    rows[~finite.any(1)] = 0.0
    low, high = np.nanmin(rows, axis=1), np.nanmax(rows, axis=1)
    offset, width = (low, high - low) if scaling == "minmax" else (np.nanmean(rows, axis=1), np.nanstd(rows, axis=1))
    constant = low == high
    offset, width = np.where(constant, low, offset), np.where(constant, 1.0, width)
    if groups == 1:
        return float(offset[0]), float(width[0])
    each = prod(values.shape[1:]) // groups
    return tuple(np.repeat(offset, each).tolist()), tuple(np.repeat(width, each).tolist())


def learnt_quantiles(values: NDArray[Any], train: NDArray[Any]) -> tuple[Quantiles, ...]:
    """The quantiles of each variable: the normal score of its mid-rank in the training split.

    Args:
        values: (n, …) numbers. NaN is a missing value, which is ignored. A variable without finite values is 0.
        train: the row numbers of the training split.
    """
    rows = values[train].reshape(len(train), -1).astype(np.float64)
    return tuple(_quantiles(column[np.isfinite(column)]) for column in rows.T)


def _quantiles(column: NDArray[np.float64]) -> Quantiles:
    values, counts = np.unique(column if len(column) else np.zeros(1), return_counts=True)
    total = counts.sum()
    ends = counts.cumsum() / total
    if len(values) <= min(MOST_STEPS, max(1, OFTEN_REPEATED * total)):
        bounds = tuple(_normal_quantiles(ends[:-1]).tolist())
        return Quantiles(values=tuple(values.tolist()), scores=_scores(ends, counts / total), bounds=bounds)
    kept = np.unique(np.linspace(0, len(values) - 1, min(KNOTS, len(values))).round().astype(int))
    return Quantiles(values=tuple(values[kept].tolist()), scores=_scores(ends[kept], counts[kept] / total))


def _normal_quantiles(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of N(0, 1)."""
    from scipy.special import ndtri  # a worker of a search does not need SciPy

    return np.asarray(ndtri(shares))


def _scores(ends: NDArray[np.float64], shares: NDArray[np.float64]) -> tuple[float, ...]:
    """The normal scores of the middles of the ranks."""
    return tuple(_normal_quantiles(ends - shares / 2).tolist())
