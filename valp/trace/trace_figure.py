"""The picture of a trace over the steps, as in Nakamura 2023, Figure 17: lengths and angles of the gradients."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from valp.draw.draw import FORMATS
from valp.errors import SettingError
from valp.files import replacing
from valp.trace.conflict_picture import letter, loss_text
from valp.trace.thinned import GroupCurves, curves_of, points_of, shared_groups, thinned
from valp.trace.trace import CONFLICT, Floats, Trace

if TYPE_CHECKING:  # matplotlib is loaded when something is drawn
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""The colours of losses: Okabe and Ito's (2008). Further losses repeat them with other dashes."""

DASHES = ("-", "--", ":", "-.")
MOST_POINTS = 60
MOST_GROUPS = 4
MOST_PAIRS = 6


def draw_trace(trace: Trace, path: Path | str, *, title: str | None = None) -> Path:
    """Writes the picture of a trace over the steps.

    A column is a group of parameters that several losses reach, with the largest angles first. From above: the lengths
    of the gradients, and of the direction that the method makes from them; the angles between each gradient and this
    direction; the angles between each two gradients; and the shares of the losses in the direction. A point is the mean
    over some records.

    Args:
        trace: the trace.
        path: where the picture is written; the suffix must be `.svg` or `.png`.
        title: a line above the picture; by default the method.

    Raises:
        SettingError: for another suffix, or if no two losses share a network.
        FileError: if the file cannot be written.
    """
    from matplotlib.figure import Figure

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise SettingError(f"a picture's suffix must be {' or '.join(FORMATS)}, but got {path.name!r}")
    groups = shared_groups(trace)
    if not groups:
        raise SettingError("a trace is drawn for networks that several losses reach, but this graph has none")
    columns = [curves_of(trace, group, MOST_POINTS) for group in groups[:MOST_GROUPS]]
    steps = thinned(trace.steps[:, None].astype(float), points_of(trace, MOST_POINTS))[:, 0]
    figure = Figure(figsize=(1.6 + 3.4 * len(columns), 9.6), layout="constrained")
    panels = figure.subplots(4, len(columns), sharex=True, sharey="row", squeeze=False)
    for place, column in enumerate(columns):
        _draw_column(trace, column, steps, list(panels[:, place]), first=place == 0)
    more = f", {MOST_GROUPS} of {len(groups)} groups" if len(groups) > MOST_GROUPS else ""
    figure.suptitle(f"losses balanced by {trace.balance}{more}" if title is None else title, fontsize=12)
    handles = {line.get_label(): line for axes in panels[0] for line in axes.get_lines()}
    names = sorted(handles)
    lines = [handles[name] for name in names]
    figure.legend(lines, names, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format=FORMATS[path.suffix.lower()])
    return path


def _draw_column(trace: Trace, column: GroupCurves, steps: Floats, panels: "list[Axes]", *, first: bool) -> None:
    """Draws the panels of one group; the first column has the names of the vertical axes."""
    group = trace.groups[column.group]
    lengths, toward, between, shares = panels
    lengths.set_title(_names(group.networks), fontsize=10)
    for place, loss in enumerate(group.losses):
        look = style(loss)
        lengths.plot(steps, column.lengths[:, place], label=f"{letter(loss)}  {loss_text(trace.losses[loss])}", **look)
        toward.plot(steps, column.toward[:, place], **look)
        shares.plot(steps, column.shares[:, place], **look)
    lengths.plot(steps, column.direction, color="black", linewidth=1.6, label="the step's direction")
    lengths.set_yscale("log")
    for place, (i, j) in enumerate(column.pairs[:MOST_PAIRS]):
        rank = sum(one == i and other < j for one, other in column.pairs)
        look = style(i) | {"linestyle": DASHES[rank % len(DASHES)]}
        between.plot(steps, column.between[:, place], label=f"{letter(i)}–{letter(j)}", **look)
    if len(column.pairs) > MOST_PAIRS:
        told = f"{MOST_PAIRS} of {len(column.pairs)} pairs, the largest angles"
        between.text(0.01, 0.96, told, transform=between.transAxes, va="top", fontsize=8, color="#555555")
    between.legend(fontsize=8, ncols=3, frameon=False, loc="lower left", handlelength=1.4, columnspacing=1.0)
    for axes in (toward, between):
        axes.axhspan(CONFLICT, 180, color="#F8964B", alpha=0.12, linewidth=0)
        axes.axhline(CONFLICT, color="#888888", linewidth=0.8)
        axes.text(0.99, 0.96, "conflict", transform=axes.transAxes, ha="right", va="top", fontsize=8, color="#9A4A00")
        axes.set_ylim(0, 180)
        axes.set_yticks([0, 45, 90, 135, 180], ["0°", "45°", "90°", "135°", "180°"])
    shares.axhline(0, color="#888888", linewidth=0.8)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.01)
    panels[-1].set_xlabel("step")
    if first:
        names = ("length of the gradients", "angle to the direction", "angle between losses", "share in the direction")
        for axes, name in zip(panels, names, strict=True):
            axes.set_ylabel(name, fontsize=9)


def style(number: int) -> dict[str, Any]:
    """The colour and the dashes of the line of a loss or a pair."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
        "linewidth": 1.3,
    }


def _names(networks: tuple[str, ...]) -> str:
    shown = ", ".join(networks[:3])
    return f"{shown} and {len(networks) - 3} more" if len(networks) > 3 else shown
