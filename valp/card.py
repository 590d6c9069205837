"""The model card of a bundle."""

from typing import Any


def card(manifest: dict[str, Any], parameters: int, name: str) -> str:
    """What a model is, its scores and how to load it, as Markdown.

    Args:
        manifest: the bundle's manifest, as JSON values.
        parameters: the number of learnt parameters.
        name: the bundle's file name.
    """
    graph, columns = manifest["graph"], manifest["preprocessing"]
    kinds = [network["kind"] for network in graph["networks"]]
    counted = ", ".join(f"{kinds.count(kind)} × {kind}" for kind in dict.fromkeys(kinds))
    rows = {name: f"| {name} |" for split in manifest["scores"].values() for name in split}
    for split in manifest["scores"].values():
        rows = {name: f"{row} {split[name]:.4g} |" if name in split else f"{row} – |" for name, row in rows.items()}
    splits = list(manifest["scores"])
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
        *(_column("input", column) for column in columns["inputs"]),
        *(_column("output", column) for column in columns["outputs"] if _has(graph, column["name"])),
        "",
    ]
    if splits:
        lines += ["## Scores", "", f"| score | {' | '.join(splits)} |", f"|---|{'---|' * len(splits)}"]
        lines += [*rows.values(), ""]
    if manifest["training"]:
        lines += ["## Training", "", *(f"- {key}: {_text(value)}" for key, value in manifest["training"].items()), ""]
    first = columns["inputs"][0]
    lines += [
        "## Use",
        "",
        "```python",
        "import valp",
        "",
        f'model = valp.load("{name}")',
        f'predicted = model.predict({{"{first["name"]}": rows}})  # rows: (n, {first["size"]}), in raw units',
    ]
    if any(output["unit"]["type"] == "samples" for output in graph["outputs"]):
        lines.append("samples = model.generate(16)  # model.conditions() names the inputs this needs, if any")
    lines += [
        "```",
        "",
        "The file is a zip archive: `manifest.json` has the graph and the preprocessing, `weights.safetensors` the",
        "weights. It holds no code.",
    ]
    return "\n".join(lines) + "\n"


def _text(value: str | int | float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _column(role: str, column: dict[str, Any]) -> str:
    parts = [f"{column['size']} classes" if column["type"] == "discrete" else f"{column['size']} variables"]
    if column["image"]:
        parts.append(f"an image {'×'.join(map(str, column['image']))}")
    if column["classes"]:
        parts.append(", ".join(column["classes"]))
    if column["scale"] != 1 or column["offset"] != 0:
        parts.append(f"raw values r enter as (r − {column['offset']:g}) / {column['scale']:g}")
    return f"- {role} `{column['name']}`, {column['type']}: {'; '.join(parts)}"


def _has(graph: dict[str, Any], output: str) -> bool:
    return any(candidate["name"] == output for candidate in graph["outputs"])
