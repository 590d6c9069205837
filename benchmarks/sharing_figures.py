"""The figures of the comparison, taken from the finished trainings, and their picture."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from math import comb
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks.paper_figures import save
from benchmarks.sharing_contenders import VALP, Contender
from benchmarks.sharing_trainings import Plan, Row
from valp.spaces.problem.metrics import Metric

LEVEL = 0.95
SPLITS = ("validation", "test")
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#E69F00", "#555555", "#CC79A7", "#56B4E9", "#000000")

Document = dict[str, Any]


def document_of(plan: Plan, about: Mapping[str, Any]) -> Document:
    """All figures as JSON. A contender has a cell for each number of samples for which all its trainings are finished.

    Args:
        plan: the trainings.
        about: what else a reader must know: the run, the problem, the command.
    """
    cells: list[dict[str, Any]] = []
    for samples in sorted(plan.samples):
        for contender in plan.contenders:
            found = _cell(plan, contender, samples)
            if found is not None:
                cells.append({"samples": samples, "contender": contender.code, **found})
    return {
        **about,
        "date": datetime.now(UTC).date().isoformat(),
        "seeds": plan.seeds,
        "objectives": {
            name: {"output": metric.output, "title": metric.score.title, "goal": metric.score.goal}
            for name, metric in plan.metrics.items()
        },
        "contenders": {
            c.code: {"title": c.title, "obstacle": c.obstacle, "note": c.note, "models": len(c.parts)}
            for c in plan.contenders
            if any(cell["contender"] == c.code for cell in cells)
        },
        "cells": cells,
    }


def with_search(document: Document, other: Document, page: str) -> Document:
    """The figures with those of another search's winner added, as the experiment of the obstacle "search".

    Only numbers of samples that both have are added, and nothing if the comparisons were not made alike.

    Args:
        document: the figures of a comparison.
        other: those of the comparison for the other winner.
        page: the address of the page of the other comparison. It is linked if it has rivals of the other winner.
    """
    if any(document[name] != other[name] for name in ("problem", "fingerprint", "batch", "seeds", "objectives")):
        return document
    both = {cell["samples"] for cell in document["cells"] if cell["contender"] == VALP}
    title = f"the VALP of a search with {other['steps']:,} steps a training"
    about = {"title": title, "obstacle": "search", "note": "", "models": 1}
    cells = [
        {**cell, "contender": "search"}
        for cell in other["cells"]
        if cell["contender"] == VALP and cell["samples"] in both
    ]
    if not cells:
        return document
    return {
        **document,
        "search": page if any(cell["contender"] != VALP for cell in other["cells"]) else None,
        "contenders": {**document["contenders"], "search": about},
        "cells": [*document["cells"], *cells],
    }


def _cell(plan: Plan, contender: Contender, samples: int) -> dict[str, Any] | None:
    """The figures of a contender with a number of samples; None if a training is missing."""
    models = [(part, plan.trainings(contender, part, samples)) for part in contender.parts]
    if any(rows is None for _, rows in models):
        return None
    found: dict[str, Any] = {
        "decays": {part.name: plan.decay(contender, part, samples) for part in contender.parts},
        "parameters": sum(max(row["parameters"] for row in rows or ()) for _, rows in models),
        "seconds": sum(median(row["seconds"] for row in rows or ()) for _, rows in models),
        "failures": sum(row["failure"] is not None for _, rows in models for row in rows or ()),
        "errors": {},
        **{split: {} for split in SPLITS},
    }
    for part, rows in models:
        for metric in plan.metrics_of(part):
            for split in SPLITS:
                found[split][metric.name] = [_figure(metric, row, split) for row in rows or ()]
            errors = [row["errors"][metric.name] for row in rows or () if metric.name in row["errors"]]
            if errors:
                found["errors"][metric.name] = median(errors)
    return found


def _figure(metric: Metric, row: Row, split: str) -> float | None:
    value = metric.ranked(row[split].get(metric.name))
    return None if value is None else metric.score.figure(value)


def shift(first: Sequence[float], second: Sequence[float]) -> tuple[float, tuple[float, float] | None]:
    """The difference of two groups, and its interval of at least 95%.

    The difference is the median of all differences between a value of the first and one of the second group (Hodges and
    Lehmann 1963). Its interval inverts the exact rank test of Mann and Whitney (1947), so it holds its level for five
    values; a bootstrap of five values covers too little. The groups are not paired. None with too few values: each
    group needs four.
    """
    differences = sorted(a - b for a in first for b in second)
    n, m = len(first), len(second)
    rank, tail = 0, 0.0
    while rank < len(differences) // 2:
        tail += _ways(n, m, rank) / comb(n + m, n)
        if tail > (1 - LEVEL) / 2:
            break
        rank += 1
    interval = None if rank == 0 else (differences[rank - 1], differences[-rank])
    return median(differences), interval


@cache
def _ways(n: int, m: int, u: int) -> int:
    """The number of orders of n and m values in which u pairs have the value of the first group behind."""
    if u < 0:
        return 0
    if n == 0 or m == 0:
        return int(u == 0)
    return _ways(n - 1, m, u - m) + _ways(n, m - 1, u)


def verdict(interval: tuple[float, float] | None, goal: str) -> str:
    """What an interval of (VALP − other) says of the VALP: ahead, behind, or nothing clear."""
    if interval is None:
        return "too few seeds"
    low, high = interval if goal == "maximize" else (-interval[1], -interval[0])
    return "ahead" if low > 0 else "behind" if high < 0 else "no clear difference"


def draw(document: Document, path: Path) -> None:
    """Test scores over samples, a panel for each objective. Bars reach from the worst to the best seed."""
    objectives, cells = document["objectives"], document["cells"]
    figure = Figure(figsize=(4.2 * len(objectives), 4.4), layout="constrained")
    shown = [code for code, one in document["contenders"].items() if one["obstacle"] is None]
    for panel, (name, objective) in zip(
        figure.subplots(1, len(objectives), squeeze=False)[0], objectives.items(), strict=True
    ):
        for place, code in enumerate(shown):
            points = [
                (cell["samples"], [value for value in cell["test"][name] if value is not None])
                for cell in cells
                if cell["contender"] == code and name in cell["test"]
            ]
            points = [(samples, values) for samples, values in points if values]
            if not points:
                continue
            shifted = [samples * 1.03 ** (place - (len(shown) - 1) / 2) for samples, _ in points]
            middles = [median(values) for _, values in points]
            bars = [
                [middle - min(values) for middle, (_, values) in zip(middles, points, strict=True)],
                [max(values) - middle for middle, (_, values) in zip(middles, points, strict=True)],
            ]
            colour, title = COLOURS[place % len(COLOURS)], document["contenders"][code]["title"]
            marker = "o" if code == VALP else "s"
            panel.errorbar(shifted, middles, bars, color=colour, marker=marker, markersize=4, capsize=3, label=title)
        panel.set(
            xscale="log", title=f"{name} {'↑' if objective['goal'] == 'maximize' else '↓'}", xlabel="samples seen"
        )
        panel.set_xticks(sorted({cell["samples"] for cell in cells}))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        panel.minorticks_off()
        panel.spines[["top", "right"]].set_visible(False)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, max(1, len(labels))), frameon=False)
    save(figure, path)
