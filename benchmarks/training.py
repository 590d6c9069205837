"""How much faster the native executor trains than torch: random structures of the paper's space, interleaved.

python -m benchmarks.training [--structures 32] [--batches 50 200 500]

Seconds are of CPU time, which other processes disturb least; each executor has one thread, and of its repetitions the
fastest counts. Drawing examples and noise is part of a step. A table is printed, then JSON.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from benchmarks.algorithm1 import NUMERIC, SHAPES
from spaces.algorithm1 import initialize
from spaces.choose import RandomChoose
from spaces.space import PAPER
from valp.compile import compile
from valp.fit import fit, one_thread
from valp.module import VALPModule
from valp.native.warm import prepare

ROWS = 10_000
LOSSES = {"histogram": ("mse",), "garment": ("cross_entropy",), "image": ("mse",)}
STEPS = {50: 200, 200: 100, 500: 50}
REPETITIONS = 2


def data() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    inputs, outputs = SHAPES["fashion-mnist"]
    truths = {o.name: torch.rand(ROWS, o.unit.size, generator=generator) for o in outputs}
    truths["garment"] = truths["garment"].argmax(1)
    assert all(i.unit.type is NUMERIC for i in inputs)
    return {i.name: torch.rand(ROWS, i.unit.size, generator=generator) for i in inputs}, truths


def structure(seed: int) -> VALPModule:
    inputs, outputs = SHAPES["fashion-mnist"]
    return compile(initialize(inputs, outputs, LOSSES, PAPER, RandomChoose(seed)), seed=seed)


def milliseconds(run: Callable[[], object], steps: int) -> tuple[float, float]:
    """CPU and wall time of a step."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return (time.process_time() - cpu) * 1e3 / steps, (time.perf_counter() - wall) * 1e3 / steps


def peak() -> float:
    """GFLOP/s of a large product."""
    a, b, c = (torch.rand(1024, 1024) for _ in range(3))
    best = min(milliseconds(lambda: torch.mm(a, b, out=c), 1)[0] for _ in range(10))
    return 2 * 1024**3 / best / 1e6


def measure(batch: int, structures: int) -> dict[str, float]:
    inputs, truths = data()
    steps = STEPS.get(batch, 40)
    ratios, walls, rates = [], [], []
    times: dict[str, list[float]] = {"torch": [], "native": []}
    for seed in range(structures):
        module = structure(seed)
        products = 6 * batch * sum(p.numel() for p in module.parameters() if p.ndim == 2)
        best = {executor: (float("inf"), float("inf")) for executor in times}
        for repetition in range(REPETITIONS + 1):
            for executor in times:
                run = partial(fit, module, inputs, truths, steps=steps, batch=batch, executor=executor)
                made = milliseconds(run, steps)
                if repetition:  # the first warms up
                    best[executor] = tuple(map(min, best[executor], made))
        for executor, kept in times.items():
            kept.append(best[executor][0])
        ratios.append(best["torch"][0] / best["native"][0])
        walls.append(best["torch"][1] / best["native"][1])
        rates.append(products / best["native"][0] / 1e6)
    return {
        "batch": batch,
        "structures": structures,
        "torch_ms": statistics.median(times["torch"]),
        "native_ms": statistics.median(times["native"]),
        "ratio_median": statistics.median(ratios),
        "ratio_least": min(ratios),
        "ratio_most": max(ratios),
        "ratio_median_of_wall_times": statistics.median(walls),
        "native_gflops": statistics.median(rates),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--structures", type=int, default=32)
    parser.add_argument("--batches", type=int, nargs="+", default=list(STEPS))
    options = parser.parse_args()
    one_thread()
    ready = prepare()
    results = []
    print("batch | torch, ms a step | native | ratio: median | least | most | of wall times | native GFLOP/s")
    for batch in options.batches:
        r = measure(batch, options.structures)
        print(
            f"{batch} | {r['torch_ms']:.2f} | {r['native_ms']:.2f} | {r['ratio_median']:.1f} | "
            f"{r['ratio_least']:.1f} | {r['ratio_most']:.1f} | {r['ratio_median_of_wall_times']:.1f} | "
            f"{r['native_gflops']:.0f}",
            flush=True,
        )
        results.append(r)
    print(json.dumps({"prepared_in_seconds": ready, "peak_gflops": peak(), "results": results}, indent=2))


if __name__ == "__main__":
    main()
