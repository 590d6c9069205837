"""What a notebook shows of a model."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from valp.graph.graph import DataType
from valp.model.notebook_html import Html, bold_html, paragraph_html, picture_html, table_html
from valp.model.preprocessing import Column
from valp.score.clear_difference import interval_text

if TYPE_CHECKING:
    from valp.model.manifest import Manifest

MOST_NAMES = 6
"""A table lists at most this many class names."""

HEIGHT = 420
"""The height of the picture of a graph, in pixels."""


def model_html(manifest: "Manifest", parameters: int, conditions: Collection[str] = ()) -> str:
    """A model: what it is, its inputs and outputs, its scores and the picture of its graph.

    Args:
        manifest: its description.
        parameters: the number of learnt parameters.
        conditions: by what its samples may be asked for, `Model.conditions`.
    """
    graph = manifest.graph
    head = paragraph_html(
        bold_html(manifest.title or manifest.problem), f"{len(graph.networks)} networks",
        f"{parameters:,} learnt parameters", *([f"samples by {', '.join(sorted(conditions))}"] if conditions else []),
    )  # fmt: skip
    names = {part.name for part in graph.inputs} | {part.name for part in graph.outputs}
    rows = [
        [role, column.name, column.type, size_text(column), classes_text(column)]
        for role, columns in (("input", manifest.preprocessing.inputs), ("output", manifest.preprocessing.outputs))
        for column in columns
        if column.name in names
    ]
    data = table_html(["", "name", "type", "a row has", "classes"], rows, left=5)
    picture = picture_html(graph._repr_svg_(), alt="the graph of the model", height=HEIGHT)
    return f"<div>{head}{data}{scores_html(manifest)}{picture}</div>"


def scores_html(manifest: "Manifest") -> Html:
    """A table with a row for each score and a column for each split; "–" if it was not measured."""
    scores = manifest.scores
    names = dict.fromkeys(name for split in scores.values() for name in split)
    if not names:
        return Html("")
    rows = [
        [
            name,
            *(
                interval_text(value_text(values.get(name)), manifest.errors.get(split, {}).get(name))
                for split, values in scores.items()
            ),
        ]
        for name in names
    ]
    return table_html(["score", *scores], rows)


def value_text(value: float | None) -> str:
    """A score in four significant digits, or a large whole number in full; "–" if it was not measured."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 and value == round(value) else f"{value:.4g}"


def size_text(column: Column) -> str:
    """What a row of a column holds."""
    if column.type is DataType.DISCRETE:
        return f"{column.size} labels" if column.labels else "one class"
    shape = column.shape or column.image
    numbers = "×".join(map(str, shape)) if shape else str(column.size)
    return f"{numbers} number{'' if numbers == '1' else 's'}"


def classes_text(column: Column) -> str:
    """The names of the classes or labels, shortened to the first ones."""
    if column.type is not DataType.DISCRETE:
        return ""
    names = column.classes or tuple(map(str, range(column.size)))
    more = f", … ({len(names)})" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
