"""The README's pictures: the graph of a search's best compromise, and samples of each class from its model.

The samples are the first that the model gives: none are chosen.

python -m benchmarks.pictures RUN [--runs runs] [-o docs]
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import valp
from valp.draw.draw import draw
from valp.errors import SettingError, ValpError
from valp.train.fit import one_thread

DOCS = Path(__file__).parents[1] / "docs"
EACH = 6
"""The samples of each class."""

GREYS = 32
"""The grey levels in the picture. It halves the size of the file."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN", help="a search whose samples are pictures that are asked for by a class")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("-o", dest="folder", type=Path, default=DOCS)
    asked = parser.parse_args(arguments)
    one_thread()
    try:
        model = valp.open_run(asked.run, asked.runs).best()
        draw(model.graph, asked.folder / "graph.png", title=f"The best compromise of {model.manifest.problem}")
        draw_samples(model, asked.folder / "samples.png")
    except ValpError as error:
        parser.error(str(error))


def draw_samples(model: valp.Model, path: Path) -> None:
    """Draws some samples of each class, a column for each.

    Raises:
        SettingError: if the model generates no pictures, or they are not asked for by a class.
    """
    columns = {column.name: column for column in (*model.inputs, *model.outputs)}
    classes = [name for name in sorted(model.conditions()) if columns[name].classes]
    images = [column for column in model.generated if column.image]
    if not classes or not images:
        raise SettingError("the model must generate pictures that are asked for by a class")
    asked, (_, height, width) = classes[0], images[0].image or (1, 1, 1)
    names = columns[asked].classes or ()
    found = [
        np.asarray(model.generate(EACH, conditions={asked: name}, seed=seed)[images[0].name])
        for seed, name in enumerate(names)
    ]
    brightest = max(one.max() for one in found)
    figure = Figure(figsize=(0.8 * len(names), 0.85 * EACH), layout="constrained")
    axes = figure.subplots(EACH, len(names), squeeze=False)
    for place, (name, samples) in enumerate(zip(names, found, strict=True)):
        axes[0][place].set_title(str(name), fontsize=8)
        for row in range(EACH):
            picture = samples[row].reshape(height, width)
            axes[row][place].imshow(picture, cmap="gray", vmin=0, vmax=brightest)
            axes[row][place].axis("off")
    figure.savefig(path, dpi=100)
    Image.open(path).convert("L").quantize(GREYS).save(path, optimize=True)


if __name__ == "__main__":
    main()
