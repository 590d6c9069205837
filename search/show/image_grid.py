"""Writes pictures in a grid as one PNG."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from valp.files import replacing
from valp.model.preprocessing import Column

TILE = 64
"""The approximate length of a picture's longer side in the grid, in pixels. Larger pictures keep their size."""

GAP = 2
BETWEEN = 8
"""Pixels between a condition and its samples; `GAP` is between other pictures."""

PAPER = 255
BEYOND = 0.25
"""How far values may be outside [0, 1] before they are scaled by their own range instead."""

Pixels = NDArray[np.uint8]


def write_grid(path: Path, pictures: Pixels, per_row: int, conditions: Pixels | None = None) -> None:
    """Writes pictures row by row.

    Args:
        path: the PNG file; it is written whole or not at all.
        pictures: (n, C, H, W), with 1 or 3 channels.
        per_row: the number of pictures in a row.
        conditions: (rows, C, H, W), a picture for the start of each row.

    Raises:
        FileError: if it cannot be written.
    """
    rows = [_beside(pictures[start : start + per_row]) for start in range(0, len(pictures), per_row)]
    if conditions is not None:
        rows = [_joined([_beside(one[None]), row], 1, BETWEEN) for one, row in zip(conditions, rows, strict=True)]
    sheet = _joined(rows, 0, GAP)
    framed = np.pad(sheet, ((GAP, GAP), (GAP, GAP), (0, 0)), constant_values=PAPER)
    with replacing(path) as temporary:
        Image.fromarray(framed[:, :, 0] if framed.shape[2] == 1 else framed).save(temporary, format="PNG")


def pixels(values: NDArray[np.float32], column: Column) -> Pixels:
    """Pixels (n, C, H, W) of pictures in the user's units: 0 in the model's units is black, 1 is white.

    If values are far outside this range, they were scaled in another way. Then the lowest value is black and the
    highest is white.
    """
    shape = column.image or values.shape[1:]
    flat = values.reshape(len(values), -1)
    shares = (flat - np.asarray(column.offset, np.float32)) / np.asarray(column.scale, np.float32)
    low, high = float(shares.min()), float(shares.max())
    if low < -BEYOND or high > 1 + BEYOND:
        shares = (shares - low) / (high - low)
    scaled: Pixels = (shares.clip(0, 1) * 255).round().astype(np.uint8).reshape(-1, *shape)
    return scaled


def _beside(pictures: Pixels) -> Pixels:
    """Pictures side by side, enlarged, as (H, W, C)."""
    larger = max(1, round(TILE / max(pictures.shape[2:])))
    tiles = pictures.transpose(0, 2, 3, 1).repeat(larger, axis=1).repeat(larger, axis=2)
    return _joined(list(tiles), 1, GAP)


def _joined(parts: list[Pixels], axis: int, gap: int) -> Pixels:
    """Parts joined along an axis with gaps. Parts that are smaller across the axis are padded."""
    across = max(part.shape[1 - axis] for part in parts)
    filled = []
    for i, part in enumerate(parts):
        margins = [(0, 0)] * 3
        margins[axis] = (gap if i else 0, 0)
        margins[1 - axis] = (0, across - part.shape[1 - axis])
        filled.append(np.pad(part, margins, constant_values=PAPER))
    return np.concatenate(filled, axis=axis)
