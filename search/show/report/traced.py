"""The trace of a candidate for the page: the graph with its conflicts, and the curves of the gradients."""

from pathlib import Path
from typing import Any

import numpy as np

from valp.errors import FileError
from valp.search.run.folder import TRACE
from valp.search.show.report.graph_drawing import compact_svg
from valp.search.show.report.rounding import rounded
from valp.trace.conflict_picture import LEVELS, conflict_marks, letter, loss_text
from valp.trace.thinned import GroupCurves, curves_of, points_of, shared_groups, thinned
from valp.trace.trace import Floats, Trace
from valp.trace.trace_file import load_trace

MOST_POINTS = 60
MOST_GROUPS = 4


def has_trace(folder: Path) -> bool:
    """Whether a candidate's folder has a trace."""
    return (folder / TRACE).is_file()


def traced(folder: Path, *, inherited: bool) -> dict[str, Any] | None:
    """The trace of a candidate; None if it has none, or its file cannot be read.

    Args:
        folder: the candidate's folder.
        inherited: whether the candidate started with weights of its parents; a traced training starts from scratch.

    Returns:
        `svg`: the graph with a matrix of angles in each network that losses share. `levels`: the fills of its cells,
        and what they mean. `losses`: the letter and the name of each loss. `conflicts`: for each network and pair of
        losses, the mean angle in degrees and the share of records in conflict. `balance`, `records`, `every`, and
        `inherited`. `steps`, and `groups`: the curves of the groups that several losses reach.
    """
    if not has_trace(folder):
        return None
    try:
        trace = load_trace(folder / TRACE)
    except FileError:  # another version wrote it
        return None
    groups = shared_groups(trace)
    return {
        "svg": compact_svg(trace.graph, conflict_marks(trace)),
        "levels": [[fill, text] for _, fill, text in LEVELS],
        "losses": [[letter(i), loss_text(name)] for i, name in enumerate(trace.losses)],
        "conflicts": [
            [one.network, *one.losses, rounded(one.angle, 3), rounded(one.share, 3)]
            for one in sorted(trace.conflicts, key=lambda one: -one.angle)
        ],
        "balance": trace.balance,
        "records": len(trace.steps),
        "every": trace.every,
        "inherited": inherited,
        "steps": rounded(thinned(trace.steps[:, None].astype(float), points_of(trace, MOST_POINTS))[:, 0].tolist(), 5),
        "groups": [_group(trace, curves_of(trace, group, MOST_POINTS)) for group in groups[:MOST_GROUPS]],
        "more": max(0, len(groups) - MOST_GROUPS),
    }


def _group(trace: Trace, curves: GroupCurves) -> dict[str, Any]:
    group = trace.groups[curves.group]
    return {
        "networks": list(group.networks),
        "losses": list(group.losses),
        "lengths": _columns(curves.lengths),
        "direction": _columns(curves.direction[:, None])[0],
        "toward": _columns(curves.toward),
        "pairs": [list(pair) for pair in curves.pairs],
        "between": _columns(curves.between),
        "shares": _columns(curves.shares),
    }


def _columns(values: Floats) -> list[list[float | None]]:
    """A list for each column; what is absent is None."""
    return [[rounded(float(value), 4) if np.isfinite(value) else None for value in column] for column in values.T]
