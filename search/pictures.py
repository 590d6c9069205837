"""Pictures of candidates: the graph, and generated samples beside real ones."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.ledger import Entry
from search.models import model_of
from search.runs import Run
from spaces.problem import Problem
from spaces.scoring import generate
from valp.draw import draw
from valp.files import replacing
from valp.graph import DataType

GRAPH, SAMPLES = "graph.svg", "samples.png"
ROWS, COLUMNS = 8, 10


def draw_graph(run: Run, entry: Entry) -> Path:
    """The picture of a candidate's graph; drawn if it is not there yet."""
    path = run.folder.candidate(entry.number) / GRAPH
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(entry.candidate.graph, path, title=f"{run.folder.name}, candidate {entry.number}")
    return path


def draw_samples(run: Run, entry: Entry, problem: Problem) -> list[Path]:
    """The pictures of a candidate's samples, one for each output that is an image; drawn if not there yet.

    Raises:
        FileError: if the candidate's weights are not kept.
    """
    columns = [c for c in problem.columns.outputs if c.type is DataType.SAMPLES and c.image is not None]
    paths = []
    for column in columns:
        name = SAMPLES if len(columns) == 1 else f"samples-{column.name}.png"
        path = run.folder.candidate(entry.number) / name
        paths.append(path)
        if path.exists():
            continue
        module = model_of(run, entry).module
        shown = problem.validation.having(column.name)
        generated, rows = generate(module, shown, column.name, ROWS * COLUMNS, seed=0)
        real = shown.truths[column.name][rows]
        conditioned = bool(module.plan.inputs_of(column.name, "generate"))
        titles = ("what conditions the samples" if conditioned else "data", "generated")
        shape = column.image or (1, 1, column.size)
        _mosaics(path, titles, [images.reshape(-1, *shape).numpy() for images in (real, generated)])
    return paths


def _mosaics(path: Path, titles: tuple[str, ...], images: list[NDArray[np.float32]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.4), layout="constrained")
    for axes, title, pictures in zip(figure.subplots(1, len(images)), titles, images, strict=True):
        _, channels, height, width = pictures.shape
        grid = pictures.reshape(ROWS, COLUMNS, channels, height, width).transpose(0, 3, 1, 4, 2)
        mosaic = grid.reshape(ROWS * height, COLUMNS * width, channels).clip(0, 1)
        axes.imshow(mosaic if channels == 3 else mosaic[:, :, 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(title)
        axes.axis("off")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)
