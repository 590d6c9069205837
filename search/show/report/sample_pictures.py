"""Pictures of generated samples by class, and of real samples for comparison."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valp.compile.module import VALPModule
from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.score.generation_scores import conditioning_matrix
from valp.search.show.report.evidence import SEED, Evidence
from valp.search.show.report.prediction_counts import class_names
from valp.search.show.report.rounding import rounded
from valp.spaces.problem.problem import Problem, Split
from valp.spaces.problem.references import References
from valp.spaces.problem.sampling import generate
from valp.spaces.problem.scoring import GENERATED

EACH = 10
"""Samples per class."""

MOST_CLASSES = 20
LINES = 40
"""The number of samples in a picture with lines."""

MOST_POINTS = 64
"""The most points per line; longer lines are thinned out."""

SHARP = 40_000
"""Pictures with fewer pixels are compressed without loss, larger ones with a loss that is not visible."""

QUALITY = 85
GAP = 14
"""The height of an image divided by the gap between images."""

Places = list[list[int]]
"""For each class, the rows of the samples shown."""


def real_samples(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """For each Samples output, real samples of the validation split as `shown`, and the `shares` of their classes."""
    problem = evidence.problem
    made: dict[str, dict[str, Any]] = {}
    if problem is None:
        return made
    for column in problem.columns.outputs:
        if column.type is not DataType.SAMPLES:
            continue
        split = _known(problem, column, evidence)
        labels = split.truths[problem.judged_by] if problem.judged_by and column.name in evidence.judges else None
        places = _places(labels, _classes(problem, column, evidence), len(split))
        scale = _range(split.truths[column.name])
        made[column.name] = {"shown": _shown(column, split.truths[column.name], places, scale)}
        if labels is not None:
            counts = torch.bincount(labels, minlength=problem.columns.output(str(problem.judged_by)).size)
            made[column.name]["shares"] = rounded((counts / counts.sum()).tolist(), 4)
    return made


def generated_samples(module: VALPModule, evidence: Evidence, output: str) -> dict[str, Any]:
    """Samples of a Samples output, each with a condition of its own if inputs or given classes condition them.

    Returns:
        `shown`: a picture or lines, with a row for each class that the judge assigns. `shares`: the shares of the
        classes. If inputs or given classes condition the samples, `inputs`: their names. If a condition looks like a
        sample, `conditions`: the conditions in the form of `shown`. If the judge can label both, or its own classes
        are given, `matrix`: the counts by class of the condition (row) and of the sample (column).
    """
    problem = evidence.problem
    if problem is None:
        return {}
    column = problem.columns.output(output)
    samples, rows = generate(module, problem.validation, output, GENERATED, SEED)
    scale = _range(_known(problem, column, evidence).truths[output])
    judge, classes = evidence.judges.get(output), _classes(problem, column, evidence)
    labels = judge.judge(samples)[0] if judge is not None else None
    places = _places(labels, classes, len(samples))
    made: dict[str, Any] = {"name": output, "classes": classes, "shown": _shown(column, samples, places, scale)}
    if labels is not None:
        counts = torch.bincount(labels, minlength=len(classes)).double()
        made["shares"] = rounded((counts / counts.sum()).tolist(), 4)
    conditions = sorted(module.plan.inputs_of(output, "generate"))
    if conditions:
        made["inputs"] = conditions
        shown = References(problem, evidence.judges).conditions(output, problem.validation, rows)
        if shown is not None and problem.view(output) in conditions:
            made["conditions"] = _shown(column, shown, places, scale)
            if labels is not None:
                asked = evidence.judged_conditions(output, rows, shown)
                made["matrix"] = conditioning_matrix(asked, labels, len(classes)).tolist()
        elif labels is not None and problem.judged_by in conditions:
            asked = problem.validation.truths[problem.judged_by][rows]
            made["matrix"] = conditioning_matrix(asked, labels, len(classes)).tolist()
    return made


def _known(problem: Problem, column: Column, evidence: Evidence) -> Split:
    """The rows of the validation split that have a sample, and also a class if a judge labels samples."""
    judged = problem.judged_by if column.name in evidence.judges else None
    return problem.validation.having(column.name, *([judged] if judged else []))


def _classes(problem: Problem, column: Column, evidence: Evidence) -> list[str]:
    if column.name not in evidence.judges or problem.judged_by is None:
        return []
    return class_names(problem.columns.output(problem.judged_by))


def _places(labels: Tensor | None, classes: Sequence[str], count: int) -> Places:
    """The first samples of each class. Without classes, the first samples in rows."""
    if labels is None:
        numbers = list(range(min(count, 6 * EACH)))
        return [numbers[i : i + EACH] for i in range(0, len(numbers), EACH)]
    return [(labels == label).nonzero()[:EACH, 0].tolist() for label in range(min(len(classes), MOST_CLASSES))]


def _range(real: Tensor) -> tuple[float, float]:
    return float(real.min()), float(real.max())


def _shown(column: Column, samples: Tensor, places: Places, scale: tuple[float, float]) -> dict[str, Any]:
    values = samples.numpy()
    if column.image is not None:
        return {"image": _sprite(values, places, column.image, scale), "rows": len(places), "columns": EACH}
    return {"lines": _lines(values, places), "names": list(column.fields)}


def _lines(values: NDArray[np.float32], places: Places) -> list[list[list[float]]]:
    """For each class, samples as lines over their variables, in the model's units."""
    several = max(1, len([row for row in places if row]))
    step = -(-values.shape[1] // MOST_POINTS)
    each = max(2, LINES // several)
    return [[rounded(values[i, ::step].tolist(), 3) for i in row[:each]] for row in places]


def _sprite(
    values: NDArray[np.float32], places: Places, image: tuple[int, int, int], scale: tuple[float, float]
) -> str:
    """A grid of images as a data URI, with a row for each class. A row with fewer images ends transparent."""
    from PIL import Image

    channels, height, width = image
    low, high = scale
    gap = max(1, height // GAP)
    down, right = height + gap, width + gap
    grid = np.zeros((len(places) * down - gap, EACH * right - gap, 4), np.uint8)
    for i, row in enumerate(places):
        for j, place in enumerate(row):
            pixels = (values[place].reshape(image).transpose(1, 2, 0) - low) / (high - low or 1)
            cell = grid[i * down : i * down + height, j * right : j * right + width]
            cell[..., :3] = (pixels[..., :3] if channels >= 3 else pixels[..., :1]).clip(0, 1) * 255
            cell[..., 3] = 255
    content = io.BytesIO()
    sharp = grid.shape[0] * grid.shape[1] < SHARP
    Image.fromarray(grid).save(content, "webp", lossless=sharp, quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode()
