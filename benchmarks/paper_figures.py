"""The pictures of the paper's experiment: Figures 4 to 6, and coverage over class entropy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from benchmarks.paper_counts import CONDITIONED, Column, Scores
from valp.files import replacing

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#555555"
STAR: dict[str, Any] = {"marker": "*", "s": 130, "c": RED, "edgecolors": "black", "linewidths": 0.6}
SPLIT = "test"
SIDE = 28
CHANCE = 0.1
"""The accuracy of guessing one of ten classes. Unconditioned samples have no other, so they are drawn here."""


def draw(column: Column, path: Path) -> None:
    """Four panels of the models of a column on the test split."""
    scores, single = column.scores(), column.single[SPLIT]
    figure = Figure(figsize=(10, 8), layout="constrained")
    (first, second), (third, fourth) = figure.subplots(2, 2)
    joint(first, scores, single)
    entropies(second, scores, single)
    conditioning(third, column.rows, column.best_conditioned())
    coverage(fourth, scores, single)
    for axes in (first, second, third, fourth):
        axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def joint(axes: Axes, scores: list[Scores], single: Scores) -> None:
    """Figure 4 of the paper."""
    axes.set_title("Fig. 4: classification and regression")
    accuracy, mse = single.get("accuracy", np.inf), single.get("mse", 0.0)
    groups = {
        "worse than both MLPs": (False, False, BLUE, "o"),
        "better MSE": (False, True, ORANGE, "^"),
        "better accuracy": (True, False, GREEN, "s"),
    }
    for name, (right, low, colour, marker) in groups.items():
        group = [one for one in scores if (one["accuracy"] > accuracy, one["mse"] < mse) == (right, low)]
        x, y = pairs(group, "accuracy", "mse")
        axes.scatter(x, y, s=16, c=colour, marker=marker, alpha=0.7, linewidths=0, label=f"{name} ({len(x)})")
    x, y = pairs([one for one in scores if one["accuracy"] > accuracy and one["mse"] < mse], "accuracy", "mse")
    axes.scatter(x, y, label=f"better than both ({len(x)})", zorder=3, **STAR)
    if "accuracy" in single:
        axes.axvline(accuracy, color=GREY, linewidth=1)
    if "mse" in single:
        axes.axhline(mse, color=GREY, linewidth=1, label="single-task MLPs")
    axes.set(xlabel="accuracy (share of images)", ylabel="MSE of the histogram (log scale)", xlim=(0, 1), yscale="log")
    errors = [*(one["mse"] for one in scores), *([mse] if "mse" in single else [])] or [1e-3]
    axes.set_ylim(min(errors) / 1.2, max(errors) * 1.2)
    for use in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        use(FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "1257" else ""))
    axes.legend(frameon=False, fontsize=9)


def entropies(axes: Axes, scores: list[Scores], single: Scores) -> None:
    """The upper part of Figure 5 of the paper."""
    axes.set_title("Fig. 5: class entropy of samples")
    axes.hist([s["entropy"] for s in scores], bins=np.linspace(0, 1, 21).tolist(), color=BLUE, edgecolor="white")
    if "entropy" in single:
        axes.axvline(single["entropy"], color=GREY, linewidth=1, label="single-task VAE")
        axes.legend(frameon=False, fontsize=9)
    axes.set(xlabel="class entropy (0: one class, 1: all equally often)", ylabel="models", xlim=(0, 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def conditioning(axes: Axes, rows: list[dict[str, Any]], best: dict[str, Any] | None) -> None:
    """Figure 6 of the paper."""
    axes.set_title("Fig. 6: conditioned sampling")
    free = [{"conditioning": CHANCE, **row[SPLIT]} for row in rows if "image" not in row["reached"]]
    bound = [row[SPLIT] for row in rows if "image" in row["reached"]]
    x, y = pairs(free, "conditioning", "entropy")
    axes.scatter(
        x, y, s=90, c=BLUE, marker="_", alpha=0.4, linewidths=1, label=f"unconditioned ({len(x)}), at chance level"
    )
    x, y = pairs(bound, "conditioning", "entropy")
    axes.scatter(x, y, s=22, c=ORANGE, marker="^", linewidths=0, label=f"the input reaches the image ({len(x)})")
    if best is not None:
        x, y = pairs([best[SPLIT]], "conditioning", "entropy")
        axes.scatter(x, y, label=f"candidate {best['number']}, best in validation", zorder=3, **STAR)
    axes.axvline(CONDITIONED, color=GREY, linewidth=1, linestyle=":", label=f"{CONDITIONED}, the paper's lowest")
    axes.set(xlabel="conditioning accuracy (share of samples)", ylabel="class entropy", xlim=(0, 1), ylim=(-0.03, 1.03))
    axes.legend(framealpha=0.85, edgecolor="none", fontsize=9)


def coverage(axes: Axes, scores: list[Scores], single: Scores) -> None:
    """Coverage over class entropy: are samples of many classes also close to real ones?"""
    axes.set_title("Coverage and class entropy")
    axes.scatter(*pairs(scores, "entropy", "coverage"), s=16, c=BLUE, alpha=0.6, linewidths=0, label="models")
    if "coverage" in single:
        x, y = pairs([single], "entropy", "coverage")
        axes.scatter(x, y, s=50, c=GREY, marker="D", linewidths=0, label="single-task VAE")
    axes.legend(frameon=False, fontsize=9)
    axes.set(xlabel="class entropy", ylabel="coverage (share of real images)", xlim=(0, 1))
    axes.set_ylim(bottom=0)


def pairs(scores: Sequence[Scores], x: str, y: str) -> tuple[list[float], list[float]]:
    return [one[x] for one in scores], [one[y] for one in scores]


def draw_conditioned(counts: NDArray[Any], samples: NDArray[Any], classes: list[str], path: Path) -> None:
    """A sampler's conditioning matrix, and samples [classes of the condition, shown, size]."""
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    left.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:
            colour = "white" if share > 0.5 else "black"
            left.text(column, row, f"{share * 100:.0f}", ha="center", va="center", color=colour, fontsize=8)
    places = range(len(classes))
    left.set_xticks(places, classes, rotation=45, ha="right")
    left.set_yticks(places, classes)
    left.set(
        title="% of each condition's samples",
        xlabel="judge's class of the sample",
        ylabel="judge's class of the condition",
    )
    number, shown, _ = samples.shape
    grid = samples.reshape(number, shown, SIDE, SIDE).transpose(1, 2, 0, 3).reshape(shown * SIDE, number * SIDE)
    right.imshow(grid.clip(0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    right.set_xticks([SIDE * (place + 0.5) for place in places], classes, rotation=45, ha="right")
    right.set_yticks([])
    right.set(title="samples", xlabel="judge's class of the condition")
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)
