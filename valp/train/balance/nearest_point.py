"""The point of a convex hull that is nearest to the origin (Wolfe 1976, Mathematical Programming 11, 128-149).

Notation: m points p_i in d dimensions, the rows of a matrix (m, d); weights k on the simplex (k_i ≥ 0, Σ k_i = 1).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""An array of numbers."""

MOST_STEPS = 200
"""Wolfe's algorithm ends after finitely many steps; a few per point in practice. This bounds it under rounding."""

PRECISION = 1e-13
"""The relative error of products below which a point counts as the nearest."""


def nearest_point(points: Floats) -> Floats:
    """The weights k that minimise ‖Σ_i k_i p_i‖.

    The corral (some of the points) grows by the point that is lowest in the direction of the present one, x, compared
    with its length. The nearest point x of the corral's affine hull is then taken if it lies inside; otherwise the
    points that x leaves are dropped. x is the nearest point if p_i·x ≥ x·x for all i. Two points have a closed form,
    which is much faster.

    Args:
        points: (m, d), finite.

    Returns:
        (m,).
    """
    squares = np.einsum("ij,ij->i", points, points)
    if len(points) == 2:
        return _of_two(points, int(squares.argmin()))
    affine, lengths = _affine(points), np.sqrt(squares)
    if (affine * lengths > PRECISION * lengths.min()).all():  # all points are needed
        return affine
    corral = [int(squares.argmin())]
    weights = np.ones(1)
    for _ in range(MOST_STEPS):
        nearest = weights @ points[corral]
        square = float(nearest @ nearest)
        if square <= PRECISION**2 * squares[corral].min():
            break
        gains = (square - points @ nearest) / np.sqrt(square * squares)  # relative: long points have larger errors
        gains[corral] = -np.inf
        lowest = int(gains.argmax())
        if gains[lowest] <= PRECISION:
            break
        corral.append(lowest)
        weights = np.append(weights, 0.0)
        corral, weights = _inside(points, corral, weights)
    found = np.zeros(len(points))
    found[corral] = weights
    return found


def _of_two(points: Floats, shorter: int) -> Floats:
    """The weights for two points. That of the longer one is computed, which loses no digits if it is tiny."""
    edge = points[shorter] - points[1 - shorter]
    square = float(edge @ edge)
    longer = min(max(float(points[shorter] @ edge) / square, 0.0), 1.0) if square > 0 else 0.0
    weights = np.full(2, longer)
    weights[shorter] = 1 - longer
    return weights


def _inside(points: Floats, corral: list[int], weights: Floats) -> tuple[list[int], Floats]:
    """The corral without the points that are not needed, and the weights of the nearest point of its affine hull."""
    while True:
        affine = _affine(points[corral])
        lengths = np.linalg.norm(points[corral], axis=1)
        outside = affine * lengths <= PRECISION * lengths.min()
        if not outside.any():
            return corral, affine
        steps = np.where(outside, weights / np.maximum(weights - affine, np.finfo(float).tiny), np.inf)
        first = int(steps.argmin())
        weights = weights + min(float(steps[first]), 1.0) * (affine - weights)
        weights[first] = 0.0
        kept = weights > 0
        corral, weights = [one for one, keep in zip(corral, kept, strict=True) if keep], weights[kept]
        weights = weights / weights.sum()


def _affine(points: Floats) -> Floats:
    """The weights, of any sign and with sum 1, of the point of the affine hull that is nearest to the origin."""
    base = int(np.einsum("ij,ij->i", points, points).argmin())
    others = [one for one in range(len(points)) if one != base]
    edges = points[others] - points[base]
    lengths = np.linalg.norm(edges, axis=1)
    lengths[lengths == 0] = 1.0
    found = np.linalg.lstsq((edges / lengths[:, None]).T, -points[base], rcond=None)[0] / lengths
    weights = np.empty(len(points))
    weights[others] = found
    weights[base] = 1 - found.sum()
    return weights
