"""The picture of a comparison of strategies: hypervolume, and searches that have reached a goal, over samples seen."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.paper_figures import save
from benchmarks.strategies_goals import GOALS, first
from benchmarks.strategies_measures import growth, quartiles
from benchmarks.strategies_page import Comparison

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""The colours of the lines, which colour-blind people can distinguish (Okabe & Ito)."""

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
"""The line styles, for readers without colours, and for more lines than colours."""


def draw(comparison: Comparison, path: Path) -> None:
    """Draws the hypervolume over samples seen, and on the right the share of searches that have reached each goal.

    The right part only exists if a strategy has baselines.
    """
    rivalled = {code: searches for code, searches in comparison.contenders.items() if searches[0].singles}
    figure = Figure(figsize=(10 if rivalled else 6, 5), layout="constrained")
    axes = figure.subplots(1, 2 if rivalled else 1, squeeze=False)[0]
    for i, (code, searches) in enumerate(comparison.contenders.items()):
        colour, dashes = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
        grid = list(range(0, searches[0].budget + 1, comparison.unit))
        grown = [growth(search, comparison.objectives, comparison.scales, grid) for search in searches]
        low, mid, high = quartiles(grown)
        axes[0].fill_between(grid, low, high, color=colour, alpha=0.13, linewidth=0)
        axes[0].plot(grid, mid, color=colour, linestyle=dashes, linewidth=2, label=code)
    axes[0].set_title("hypervolume: median, quartiles", fontsize=12)
    axes[0].set_ylim(bottom=0)
    axes[0].legend(frameon=False, fontsize=11, handlelength=3.5)
    if rivalled:
        reach(axes[1], comparison, list(rivalled))
    for one in axes:
        one.set_xlim(left=0)
        one.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g}")
        one.set_xlabel("million samples seen by a search", fontsize=11)
        one.tick_params(labelsize=11)
        one.grid(color="#dddddd", linewidth=0.6)
        one.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{comparison.problem}, {comparison.space} space", fontsize=13)
    save(figure, path)


def reach(axes: Axes, comparison: Comparison, codes: list[str]) -> None:
    """Draws the share of searches that have reached each goal on the validation split, over samples seen."""
    contenders = comparison.contenders
    for code in codes:
        searches, colour = contenders[code], COLOURS[[*contenders].index(code) % len(COLOURS)]
        for goal, dashes in zip(GOALS, DASHES, strict=False):
            firsts = [first(search, goal, comparison.objectives) for search in searches]
            times = sorted(one.seen for one in firsts if one is not None)
            shares = [0.0, *(np.arange(1, len(times) + 1) / len(searches)).tolist()]
            title = goal.title if len(codes) == 1 else f"{code}: {goal.code}"
            axes.step(
                [0, *times, searches[0].budget],
                [*shares, shares[-1]],
                where="post",
                color=colour,
                linestyle=dashes,
                linewidth=2,
                label=title.replace(" single-task", "\nsingle-task"),
            )
    axes.set_title("searches that have reached a goal", fontsize=12)
    axes.set_ylim(-0.03, 1.45)
    axes.set_yticks(np.linspace(0, 1, 5))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(frameon=False, fontsize=9, handlelength=3.5, loc="upper left")
