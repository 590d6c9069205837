"""The picture and the raw figures of a comparison of strategies."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.paper import rounded
from benchmarks.paper_figures import save
from benchmarks.strategies_measures import GOALS, Ended, Search, confirmed, first, front, growth, last, quartiles
from benchmarks.strategies_page import SPLITS, WHOLE, Comparison
from valp.errors import SettingError
from valp.files import write_text

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""The colours of the lines, which colour-blind people can distinguish (Okabe & Ito)."""

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
"""The line styles, for readers without colours, and for more lines than colours."""

COLUMNS = ("number", "state", "samples", "seen", "lineage", "seconds", "wall", "structure", "conditioned")
SCORES = ("accuracy", "mse", "entropy", "coverage", "conditioning", "copying")
"""The scores in a candidate's row of the raw figures, once for each split."""


def part_of(problem: str, space: str, seeds: list[int]) -> str:
    """The name of a comparison in files. Seeds that do not start at 0 have their own name."""
    others = [f"seeds-{seeds[0]}-{seeds[-1]}"] if seeds[0] else []
    return "-".join([problem, space, *others])


def draw(comparison: Comparison, path: Path) -> None:
    """Draws the hypervolume, and the share of searches that have reached the whole goal, over samples seen."""
    figure = Figure(figsize=(10, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for i, (code, searches) in enumerate(comparison.contenders.items()):
        colour, dashes = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
        grid = grid_of(searches[0], comparison.unit)
        low, mid, high = quartiles([growth(search, comparison.scales, grid) for search in searches])
        left.fill_between(grid, low, high, color=colour, alpha=0.13, linewidth=0)
        left.plot(grid, mid, color=colour, linestyle=dashes, linewidth=2, label=code)
        reach(right, comparison, searches, color=colour, linestyle=dashes, linewidth=2)
    left.set_title("hypervolume: median, quartiles", fontsize=12)
    right.set_title("searches that have reached the goal", fontsize=12)
    right.text(0.02, 0.98, WHOLE.title.replace("MLPs, ", "MLPs,\n"), transform=right.transAxes, va="top", fontsize=9)
    left.set_ylim(bottom=0)
    right.set_ylim(-0.03, 1.15)
    right.set_yticks(np.linspace(0, 1, 5))
    right.yaxis.set_major_formatter(PercentFormatter(1.0))
    for axes in (left, right):
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g}")
        axes.set_xlabel("million samples seen by a search", fontsize=11)
        axes.tick_params(labelsize=11)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{comparison.problem}, {comparison.space} space", fontsize=13)
    columns = min(4, len(comparison.contenders))
    figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=11, handlelength=3.5)
    save(figure, path)


def reach(axes: Axes, comparison: Comparison, searches: list[Search], **style: Any) -> None:
    """Draws the share of searches that have reached the whole goal, over samples seen."""
    firsts = [first(search.ended, WHOLE, comparison.rivals) for search in searches]
    times = sorted(one.seen for one in firsts if one is not None)
    shares = [0.0, *(np.arange(1, len(times) + 1) / len(searches)).tolist()]
    axes.step([0, *times, searches[0].budget], [*shares, shares[-1]], where="post", **style)


def grid_of(search: Search, unit: int) -> list[int]:
    """The numbers of samples at which hypervolumes are compared: full trainings."""
    return list(range(0, search.budget + 1, unit))


def figures(comparison: Comparison, settings: dict[str, Any]) -> dict[str, Any]:
    """All raw figures of searches with the seeds in `settings`. Other seeds have their own part of the file."""
    scales = {name: asdict(scale) for name, scale in comparison.scales.items()}
    lineages = {one.lineage for search in comparison.searches for one in search.ended}
    return {
        "settings": settings | {"samples of a training": comparison.unit},
        "scales": scales,
        "single-task MLPs, by samples": {str(samples): comparison.rivals(samples) for samples in sorted(lineages)},
        "searches": {
            f"{one.strategy} {one.seed}": of_search(one, comparison)
            for one in comparison.searches
            if one.seed in settings["seeds"]
        },
    }


def of_search(search: Search, comparison: Comparison) -> dict[str, Any]:
    found = {"": first, ", on both splits": confirmed}
    reached = {
        f"{goal.code}{splits}": find(search.ended, goal, comparison.rivals)
        for goal in GOALS
        for splits, find in found.items()
    }
    tail = last(search.ended)
    return {
        "strategy": search.strategy,
        "seed": search.seed,
        "budget": search.budget,
        "wall seconds": search.ended[-1].wall if search.ended else 0.0,
        "hypervolume after each training": growth(search, comparison.scales, grid_of(search, comparison.unit)),
        "goals": {code: one and {"candidate": one.number, "seen": one.seen} for code, one in reached.items()},
        "front": [one.number for one in front(search.ended)],
        "last quarter": tail and {"accurate": tail[0], "distinct": tail[1]},
        "columns": [*COLUMNS, *(f"{name}, {split}" for split in SPLITS for name in SCORES)],
        "candidates": [row(one) for one in search.ended],
    }


def row(one: Ended) -> list[Any]:
    of_it = [getattr(one, name) for name in COLUMNS]
    of_it[COLUMNS.index("structure")] = one.structure[:12]
    return [*of_it, *(scores.get(name) for scores in (one.scores, one.test or {}) for name in SCORES)]


def published(path: Path, problem: str, space: str, settings: dict[str, Any], strategy: str) -> list[Search]:
    """Reads a strategy's searches from a file of raw figures. Unknown scores are left out.

    These are the searches with the requested seeds. If they do not start at 0 and the file has none of them, the
    searches with seeds from 0 are used.

    Raises:
        SettingError: if the file has no searches with these settings.
    """
    whole = json.loads(path.read_text()) if path.is_file() else {}
    seeds, steps = settings["seeds"], settings["steps"]
    parts = {part_of(problem, space, [0]): None} | {part_of(problem, space, seeds): seeds}
    for part, wanted in reversed(parts.items()):
        of_it = whole.get(part, {"settings": {}, "searches": {}})
        rows = [one for one in of_it["searches"].values() if one["strategy"] == strategy]
        rows = [one for one in rows if wanted is None or one["seed"] in wanted]
        if rows and all(of_it["settings"].get(name) == settings[name] for name in ("steps", "batch")):
            return [
                Search(strategy, one["seed"], one["budget"], [_read(one["columns"], row) for row in one["candidates"]])
                for one in rows
            ]
    raise SettingError(
        f"{path.name} has no searches of {strategy}, {problem}, {space} space, {steps} steps, these seeds"
    )


def _read(columns: list[str], row: list[Any]) -> Ended:
    values = dict(zip(columns, row, strict=True))
    scores: dict[str, dict[str, float]] = {split: {} for split in SPLITS}
    for split, found in scores.items():
        for name in SCORES:
            value = values.get(f"{name}, {split}")
            if value is not None:
                found[name] = value
        if found:
            found["entropy_coverage"] = found["entropy"] * found["coverage"]
    validation, test = (scores[split] for split in SPLITS)
    return Ended(**{name: values[name] for name in COLUMNS}, scores=validation, test=test or None)


def write(path: Path, part: str, document: dict[str, Any]) -> None:
    """Replaces a part of a JSON document. Each candidate has one line."""
    whole = json.loads(path.read_text()) if path.is_file() else {}
    write_text(path, laid_out(rounded(whole | {part: document}), depth=5) + "\n")


def laid_out(value: Any, depth: int) -> str:
    """JSON with one line per value, down to a depth."""
    if depth == 0 or not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{json.dumps(k)}: {laid_out(v, depth - 1)}" for k, v in value.items()) + "\n}"
    if not isinstance(value[0], list):
        return json.dumps(value)
    return "[\n" + ",\n".join(laid_out(one, 0) for one in value) + "\n]"
