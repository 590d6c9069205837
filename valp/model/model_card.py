"""The model card of a bundle."""

import json
from collections.abc import Collection
from typing import Any

from valp.score.clear_difference import interval_text

MOST_NAMES = 20
"""A line lists at most this many names of classes or table columns."""


def card(manifest: dict[str, Any], parameters: int, name: str, conditions: Collection[str] = ()) -> str:
    """What a model is, its scores and how to load it, as Markdown.

    Args:
        manifest: the bundle's manifest, as JSON values.
        parameters: the number of learnt parameters.
        name: the bundle's file name.
        conditions: by what its samples may be asked for, `Model.conditions`.
    """
    graph, columns = manifest["graph"], manifest["preprocessing"]
    kinds = [network["kind"] for network in graph["networks"]]
    counted = ", ".join(f"{kinds.count(kind)} × {kind}" for kind in dict.fromkeys(kinds))
    splits = list(manifest["scores"])
    rows = {name: f"| {name} |" for scores in manifest["scores"].values() for name in scores}
    for split, scores in manifest["scores"].items():
        errors = manifest["errors"].get(split, {})
        rows = {name: f"{row} {_score(scores.get(name), errors.get(name))} |" for name, row in rows.items()}
    lines = [
        f"# {manifest['problem']}: a VALP",
        "",
        f"{manifest['title']}.",
        "",
        f"A graph of {len(kinds)} networks ({counted}) with {parameters:,} parameters, which learns "
        f"{len(graph['outputs'])} outputs at once.",
        "",
        "## Inputs and outputs",
        "",
        *(_column("input", column) for column in columns["inputs"] if _has(graph["inputs"], column["name"])),
        *(_column("output", column) for column in columns["outputs"] if _has(graph["outputs"], column["name"])),
        "",
    ]
    asked = [column for column in (*columns["inputs"], *columns["outputs"]) if column["name"] in conditions]
    if asked:
        lines += [f"Samples may be asked for by {' and '.join(_asked(column) for column in asked)}.", ""]
    if splits:
        lines += ["## Scores", "", f"| score | {' | '.join(splits)} |", f"|---|{'---|' * len(splits)}"]
        lines += [*rows.values(), ""]
        if any(manifest["errors"].values()):
            lines += ["± is a 95% confidence interval: how much a score may differ for other rows.", ""]
    if manifest["training"]:
        lines += ["## Training", "", *(f"- {key}: {_text(value)}" for key, value in manifest["training"].items()), ""]
    lines += [
        "## Use",
        "",
        "```python",
        "import valp",
        "",
        f"model = valp.load({json.dumps(name, ensure_ascii=False)})",
    ]
    lines += _call([column for column in columns["inputs"] if _has(graph["inputs"], column["name"])])
    if any(output["unit"]["type"] == "samples" for output in graph["outputs"]):
        shown = ", ".join(f'"{column["name"]}": {_one(column)}' for column in asked)
        lines.append(
            f"samples = model.generate(16, conditions={{{shown}}})" if asked else "samples = model.generate(16)"
        )
    lines += [
        "```",
        "",
        "The file is a zip archive: `manifest.json` has the graph and the preprocessing, `weights.safetensors` the",
        "weights. It holds no code.",
    ]
    return "\n".join(lines) + "\n"


def _score(value: float | None, error: float | None) -> str:
    return "–" if value is None else interval_text(f"{value:.4g}", error)


def _text(value: str | int | float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _asked(column: dict[str, Any]) -> str:
    """A condition of samples in words."""
    one_class = column["type"] == "discrete" and not column["labels"]
    return f"the class `{column['name']}`" if one_class else f"`{column['name']}`"


def _one(column: dict[str, Any]) -> str:
    """A value of a condition for all samples, as code."""
    if column["type"] == "discrete" and not column["labels"]:
        return json.dumps(column["classes"][0], ensure_ascii=False) if column["classes"] else "0"
    return "rows[:1]"


def _call(inputs: list[dict[str, Any]]) -> list[str]:
    """The code that calls a model with these inputs."""
    if len(inputs) == 1:
        (only,) = inputs
        return [f'predicted = model.predict({{"{only["name"]}": rows}})  # rows: {_rows(only)}']
    entries = [f'    "{column["name"]}": {column["name"]},  # {_rows(column)}' for column in inputs]
    return ["inputs = {", *entries, "}", "predicted = model.predict(inputs)"]


def _rows(column: dict[str, Any]) -> str:
    """The shape and content of n rows of an input."""
    if column["type"] == "discrete" and not column["labels"]:
        return "(n,), class names" if column["classes"] else "(n,), class numbers"
    if column["labels"]:
        return f"(n, {column['size']}), 0 or 1"
    return f"(n, {', '.join(map(str, column['shape'] or [column['size']]))}), in raw units"


def _column(role: str, column: dict[str, Any]) -> str:
    what = "labels" if column["labels"] else "classes" if column["type"] == "discrete" else "variables"
    parts = [f"{column['size']} {what}"]
    if column["image"]:
        parts.append(f"an image {'×'.join(map(str, column['image']))}")
    elif column["shape"]:
        parts.append(f"a sequence {'×'.join(map(str, column['shape']))}")
    if column["classes"]:
        parts.append(_listed(column["classes"]))
    if column.get("quantiles"):
        parts.append("raw values enter as normal scores of the training data's quantiles")
    elif isinstance(column["scale"], list) or isinstance(column["offset"], list):
        parts.append("raw values enter shifted and scaled, each variable with its own offset and scale")
    elif column["scale"] != 1 or column["offset"] != 0:
        parts.append(f"raw values r enter as (r − {column['offset']:g}) / {column['scale']:g}")
    if column["fields"]:
        parts.append(f"from the columns {_listed(column['fields'])}")
    return f"- {role} `{column['name']}`, {column['type']}: {'; '.join(parts)}"


def _listed(names: list[str]) -> str:
    """Names, shortened to the first ones."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _has(components: list[dict[str, Any]], name: str) -> bool:
    return any(component["name"] == name for component in components)
