"""The scores of graphs in the catalogue on a problem with generated images, and a picture of their samples.

python -m benchmarks.catalogue [--problem fashion-mnist] [--steps 4000] [--seeds 3] [--graphs vae mt-vae]
"""

import argparse
from pathlib import Path
from statistics import mean, stdev

import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.graph.graph import DataType
from valp.spaces.catalogue import catalogue_graph
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.sampling import generate
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import fit, one_thread

BATCH = 64
SCORES = ("entropy", "coverage", "density", "accuracy", "mse")
PICTURE = Path(__file__).parents[1] / "docs" / "catalogue.png"
ROWS, COLUMNS = 8, 8
GREYS = 32
"""The number of grey levels in the picture. It halves the size of the file."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="fashion-mnist")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--graphs", nargs="+", default=["vae", "mt-vae"])
    asked = parser.parse_args()
    one_thread()
    problem = load_problem(asked.problem, print)
    scorer = Scorer(problem, judges_of(problem, print))
    images = [column for column in problem.columns.outputs if column.type is DataType.SAMPLES and column.image]
    if not images:
        parser.error(f"--problem must have an image to generate, but {asked.problem} has none")
    output, scores = images[0], [*(score for score in SCORES if score in problem.metrics), "seconds"]
    real = problem.test.truths[output.name][: ROWS * COLUMNS]
    pictures = {"data": real}
    print(f"test split of {problem.name}, {asked.steps} steps of {BATCH}, {asked.seeds} seeds")
    print(f"{'graph':16}" + "".join(f"{score:>22}" for score in scores))
    for name in asked.graphs:
        found = []
        for seed in range(asked.seeds):
            module, seconds = train(problem, name, asked.steps, seed)
            found.append(scorer.score(module, problem.test) | {"seconds": seconds})
            if seed == 0:
                pictures[name], _ = generate(module, problem.test, output.name, len(real), seed=0)
        row = (spread([figures[score] for figures in found]) for score in scores)
        print(f"{name:16}" + "".join(f"{cell:>22}" for cell in row), flush=True)
    if asked.problem == parser.get_default("problem"):
        draw(pictures, output.image or (1, 1, output.size))


def train(problem: Problem, name: str, steps: int, seed: int) -> tuple[VALPModule, float]:
    module = compile(catalogue_graph(name, problem), seed=seed)
    split = problem.train
    made = fit(module, split.inputs, split.truths, weights=problem.weights, steps=steps, batch=BATCH, seed=seed)
    assert made.failure is None, made.failure
    return module, made.seconds


def spread(values: list[float]) -> str:
    text = f"{mean(values):.4g}"
    return f"{text} ± {stdev(values):.2g}" if len(values) > 1 else text


def draw(pictures: dict[str, Tensor], shape: tuple[int, int, int]) -> None:
    channels, height, width = shape
    figure = Figure(figsize=(3.2 * len(pictures), 3.4), layout="constrained")
    for axes, (title, images) in zip(figure.subplots(1, len(pictures)), pictures.items(), strict=True):
        grid = torch.as_tensor(images).reshape(ROWS, COLUMNS, channels, height, width).permute(0, 3, 1, 4, 2)
        mosaic = grid.reshape(ROWS * height, COLUMNS * width, channels).clamp(0, 1).numpy()
        axes.imshow(mosaic if channels == 3 else mosaic[:, :, 0], cmap="gray", vmin=0, vmax=1)
        axes.set_title(title)
        axes.axis("off")
    figure.savefig(PICTURE, dpi=90)
    Image.open(PICTURE).convert("L").quantize(GREYS).save(PICTURE, optimize=True)
    print(PICTURE)


if __name__ == "__main__":
    main()
