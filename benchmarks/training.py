"""How much faster is the native executor than torch? Measured on random structures of the paper's space.

python -m benchmarks.training [--structures 32] [--batches 50 200 500] [-o FILE.json]

Each structure is trained in three ways in turn: by hand in PyTorch (`benchmarks.eager`), by the torch executor, and by
the native executor. Times are CPU times, which other processes affect least. Each training has one thread, and the
fastest repetition counts. Drawing examples and noise is part of a step. The benchmark prints a table. With -o it also
writes the figures of every structure as JSON, and a picture in the same folder.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from benchmarks.algorithm1 import SHAPES
from benchmarks.eager import Eager
from valp.compile.compile import compile
from valp.graph.graph import Graph
from valp.spaces.generate.algorithm1 import initialize
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import PAPER
from valp.train.fit import fit, one_thread
from valp.train.native.warm import prepare

ROWS = 10_000
LOSSES = {"histogram": ("mse",), "garment": ("cross_entropy",), "image": ("mse",)}
STEPS = {50: 200, 200: 100, 500: 50}
REPETITIONS, WARMING = 2, 10
WAYS = ("eager", "torch", "native")


def data() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    inputs, outputs = SHAPES["fashion-mnist"]
    truths = {o.name: torch.rand(ROWS, o.unit.size, generator=generator) for o in outputs}
    truths["garment"] = truths["garment"].argmax(1)
    return {i.name: torch.rand(ROWS, i.unit.size, generator=generator) for i in inputs}, truths


def structure(seed: int) -> Graph:
    inputs, outputs = SHAPES["fashion-mnist"]
    return initialize(inputs, outputs, LOSSES, PAPER, RandomChoose(seed))


def milliseconds(run: Callable[[], object], steps: int) -> tuple[float, float]:
    """The CPU and wall time of a step, in milliseconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return (time.process_time() - cpu) * 1e3 / steps, (time.perf_counter() - wall) * 1e3 / steps


def peak() -> float:
    """The GFLOP/s of a large matrix product."""
    a, b, c = (torch.rand(1024, 1024) for _ in range(3))
    best = min(milliseconds(lambda: torch.mm(a, b, out=c), 1)[0] for _ in range(10))
    return 2 * 1024**3 / best / 1e6


def measure(batch: int, structures: int) -> dict[str, Any]:
    """The time of a step for each structure and way of training, with ratios and GFLOP/s."""
    inputs, truths = data()
    steps = STEPS.get(batch, 40)
    rows = []
    for seed in range(structures):
        graph = structure(seed)
        module, by_hand = compile(graph, seed=seed), Eager(graph)
        ways: dict[str, Callable[..., object]] = {
            "eager": partial(by_hand.train_steps, inputs, truths, batch=batch),
            "torch": partial(fit, module, inputs, truths, batch=batch, executor="torch"),
            "native": partial(fit, module, inputs, truths, batch=batch, executor="native"),
        }
        best = {way: (float("inf"), float("inf")) for way in WAYS}
        for run in ways.values():
            run(steps=WARMING)
        for _ in range(REPETITIONS):
            for way, run in ways.items():
                cpu, wall = milliseconds(partial(run, steps=steps), steps)
                best[way] = (min(best[way][0], cpu), min(best[way][1], wall))
        products = 6 * batch * sum(p.numel() for p in module.parameters() if p.ndim == 2)
        rows.append(
            {
                "seed": seed,
                "parameters": module.parameter_count,
                **{f"{way}_ms": best[way][0] for way in WAYS},
                "ratio": best["eager"][0] / best["native"][0],
                "ratio_to_torch": best["torch"][0] / best["native"][0],
                "ratio_of_wall_times": best["eager"][1] / best["native"][1],
                "gflops": products / best["native"][0] / 1e6,
            }
        )
    return {"batch": batch, "structures": rows}


def median(rows: list[dict[str, float]], name: str) -> float:
    return statistics.median(row[name] for row in rows)


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """Draws each structure's speed ratio over its number of parameters, in a panel for each batch size."""
    figure, panels = plt.subplots(1, len(results), figsize=(3.4 * len(results), 3.2), sharey=True, layout="constrained")
    for panel, result in zip(panels if len(results) > 1 else [panels], results, strict=True):
        rows = result["structures"]
        panel.scatter([r["parameters"] / 1e3 for r in rows], [r["ratio"] for r in rows], s=18, color="#0072b2")
        panel.axhline(median(rows, "ratio"), color="#d55e00", label=f"median {median(rows, 'ratio'):.1f}")
        panel.axhline(1, color="grey", linestyle=":")
        panel.set(
            title=f"batch {result['batch']}", xlabel="thousand parameters", yscale="log", yticks=[1, 2, 5, 10, 20]
        )
        panel.yaxis.set_major_formatter("{x:g}×")
        panel.minorticks_off()
        panel.legend(frameon=False, loc="upper right")
    figure.axes[0].set_ylabel("eager PyTorch / native")
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--structures", type=int, default=32)
    parser.add_argument("--batches", type=int, nargs="+", default=list(STEPS))
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    one_thread()
    ready = prepare(print)
    results = []
    print(
        "batch | eager, ms per step | torch executor | native | eager / native: median | min | max | wall times |",
        end="",
    )
    print(" torch executor / native | GFLOP/s | of the peak")
    for batch in options.batches:
        result = measure(batch, options.structures)
        rows, result["peak_gflops"] = result["structures"], peak()
        ratios = [row["ratio"] for row in rows]
        print(
            f"{batch} | {median(rows, 'eager_ms'):.2f} | {median(rows, 'torch_ms'):.2f} | "
            f"{median(rows, 'native_ms'):.2f} | {median(rows, 'ratio'):.1f} | {min(ratios):.1f} | {max(ratios):.1f} | "
            f"{median(rows, 'ratio_of_wall_times'):.1f} | {median(rows, 'ratio_to_torch'):.1f} | "
            f"{median(rows, 'gflops'):.0f} | {median(rows, 'gflops') / result['peak_gflops']:.0%}",
            flush=True,
        )
        results.append(result)
    print(f"prepared in {ready:.1f} s")
    if options.output is not None:
        options.output.write_text(json.dumps({"prepared_in_seconds": ready, "results": results}, indent=1))
        draw(results, options.output.with_suffix(".png"))


if __name__ == "__main__":
    main()
