"""Scales numbers for a model: offsets and scales, learned on the training split."""

from math import prod
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Scaling = Literal["standard", "minmax", "none"]
"""`standard`: mean 0 and standard deviation 1. `minmax`: 0 to 1. `none`: not scaled."""

SCALINGS: tuple[str, ...] = get_args(Scaling)

PIXEL_SCALE = 255.0
"""The scale of 8-bit integers, such as pixels."""

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
        scaling: a code of `SCALINGS`.
        by_channel: whether all variables of a channel, the second axis, share one scale.
        as_one: whether all variables share one scale.
    """
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
