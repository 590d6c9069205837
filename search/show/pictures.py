"""Pictures of candidates: the graph, and generated and real samples side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from valp.draw.draw import draw_svg
from valp.files import replacing, write_text
from valp.model.preprocessing import Column
from valp.search.run.folder import GRAPH, samples_names
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun

if TYPE_CHECKING:  # matplotlib is loaded when something is drawn, and torch when something is generated
    from matplotlib.axes import Axes

    from valp.spaces.problem.problem import Problem

Rows = NDArray[np.float32]

ROWS, COLUMNS = 8, 10
LINES = 24
"""The number of samples in a picture with lines."""

MOST_NAMES = 14
"""With more variables, a picture with lines does not show their names."""


def draw_graph(run: StoredRun, entry: Entry) -> Path:
    """The picture of a candidate's graph. It is drawn if it does not exist."""
    path = run.folder.candidate(entry.number) / GRAPH
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, draw_svg(entry.candidate.graph, title=f"{run.folder.name}, candidate {entry.number}"))
    return path


def draw_samples(run: StoredRun, entry: Entry, problem: "Problem", into: Path | None = None) -> list[Path]:
    """The pictures of generated and real samples, one for each Samples output. They are drawn if they do not exist.

    Images are shown as images, other samples as lines over their variables.

    Args:
        run: the run.
        entry: the candidate.
        problem: the problem with its data.
        into: the folder for the pictures; by default the candidate's folder.

    Raises:
        FileError: if the candidate's weights are not kept.
    """
    from valp.search.engine.models import model_of
    from valp.spaces.problem.sampling import generate

    folder, paths = into or run.folder.candidate(entry.number), []
    for output, name in samples_names(problem).items():
        column, path = problem.columns.output(output), folder / name
        paths.append(path)
        if path.exists():
            continue
        module = model_of(run, entry).module
        shown = problem.validation.having(column.name)
        generated, rows = generate(module, shown, column.name, ROWS * COLUMNS, seed=0)
        real = shown.truths[column.name][rows]
        asked = module.plan.inputs_of(column.name, "generate")
        given = asked <= module.plan.given.keys()
        title = "data" if not asked else "data of the same classes" if given else "what conditions the samples"
        _write(path, column, (title, "generated"), (real.numpy(), generated.numpy()))
    return paths


def _write(path: Path, column: Column, titles: tuple[str, str], samples: tuple[Rows, Rows]) -> None:
    """Writes a picture with two panels, real and generated samples, each (n, size)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=column.image is None)
    low, high = float(samples[0].min()), float(samples[0].max())
    for axes, title, rows in zip(panels, titles, samples, strict=True):
        axes.set_title(title)
        if column.image is None:
            _lines(axes, rows, column.fields)
        else:
            _mosaic(axes, (rows - low) / (high - low or 1), column.image)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _mosaic(axes: "Axes", rows: Rows, image: tuple[int, int, int]) -> None:
    """Draws images in a grid. 0 is black, 1 is white."""
    channels, height, width = image
    grid = rows.reshape(ROWS, COLUMNS, channels, height, width).transpose(0, 3, 1, 4, 2)
    mosaic = grid.reshape(ROWS * height, COLUMNS * width, channels).clip(0, 1)
    axes.imshow(mosaic if channels == 3 else mosaic[:, :, 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.axis("off")


def _lines(axes: "Axes", rows: Rows, names: tuple[str, ...]) -> None:
    """Draws each sample as a line over its variables, in the model's units, which all variables have in common."""
    axes.plot(rows[:LINES].T, color="#0072B2", linewidth=0.7, alpha=0.3)
    if len(names) == rows.shape[1] <= MOST_NAMES:
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=8)
    axes.margins(x=0.01)
    axes.spines[["top", "right"]].set_visible(False)
