"""Smooth curves of a trace: each point is the mean over some records, because batches are noisy."""

from dataclasses import dataclass

import numpy as np

from valp.trace.trace import Floats, Trace


@dataclass(frozen=True)
class GroupCurves:
    """The curves of one group of parameters, over P points and its m losses.

    Attributes:
        group: its place in `Trace.groups`.
        lengths: (P, m), the lengths of the gradients that the method combines: `factors` · ‖∇_j‖.
        direction: (P,), ‖v‖.
        toward: (P, m), the angle between ∇_j and v, in degrees.
        pairs: the pairs of losses (i, j), places in `Trace.losses`, the largest mean angle first.
        between: (P, pairs), the angles between the gradients of these pairs, in degrees.
        shares: (P, m), the shares of the losses in v: the length of w_j·∇_j as a share of the sum of these lengths,
            with the sign of w_j. A share below 0 means that the step goes against the loss.
    """

    group: int
    lengths: Floats
    direction: Floats
    toward: Floats
    pairs: tuple[tuple[int, int], ...]
    between: Floats
    shares: Floats


def points_of(trace: Trace, most: int) -> list[slice]:
    """The records of each point: all points but the last have equally many."""
    each = -(-len(trace.steps) // most)
    return [slice(start, start + each) for start in range(0, len(trace.steps), each)]


def shared_groups(trace: Trace) -> list[int]:
    """The groups that several losses reach, the one with the largest mean angle between two losses first."""
    with_angle = []
    for g, group in enumerate(trace.groups):
        if len(group.losses) > 1:
            angles = trace.angles[:, g]
            known = [angles[:, i, j][np.isfinite(angles[:, i, j])] for i in group.losses for j in group.losses if i < j]
            means = [one.mean() for one in known if len(one)]
            with_angle.append((-max(means, default=0.0), g))
    return [g for _, g in sorted(with_angle)]


def curves_of(trace: Trace, group: int, most: int) -> GroupCurves:
    """The curves of a group, with at most `most` points."""
    losses, points = list(trace.groups[group].losses), points_of(trace, most)
    angles = trace.angles[:, group]
    pairs = [(i, j) for place, i in enumerate(losses) for j in losses[place + 1 :]]
    between = thinned(np.stack([angles[:, i, j] for i, j in pairs], 1) if pairs else np.empty((len(angles), 0)), points)
    order = sorted(range(len(pairs)), key=lambda p: -np.nan_to_num(_mean(between[:, p : p + 1]))[0])
    pulls = trace.weights[:, group, losses] * trace.norms[:, group, losses]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = pulls / np.nansum(np.abs(pulls), 1, keepdims=True)
    return GroupCurves(
        group=group,
        lengths=thinned(trace.factors[:, losses] * trace.norms[:, group, losses], points),
        direction=thinned(trace.direction_norms[:, group : group + 1], points)[:, 0],
        toward=thinned(trace.direction_angles[:, group, losses], points),
        pairs=tuple(pairs[p] for p in order),
        between=between[:, order],
        shares=thinned(shares, points),
    )


def thinned(values: Floats, points: list[slice]) -> Floats:
    """(P, …), the means of the records of each point, from (S, …); NaN where no record has a value."""
    return np.stack([_mean(values[point]) for point in points])


def _mean(values: Floats) -> Floats:
    known = np.isfinite(values)
    sums, counts = np.where(known, values, 0.0).sum(0), known.sum(0)
    means: Floats = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return means
