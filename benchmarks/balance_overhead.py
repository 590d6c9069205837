"""What does a balancing method add to a training step? Measured in both executors, as a ratio to `fixed`.

python -m benchmarks.balance_overhead [--tasks 3 5 10] [--batches 50 200] [--methods …] [--executors native torch]
    [--repetitions 3] [-o FILE.json]

The graph: 784 numbers go into one shared network (a hidden layer of 128 units, 64 outputs), and this into a network for
each task (a hidden layer of 512 units, 10 outputs) with a squared error. The data are random. Each training has one
thread. Times are CPU times, which other processes affect least, and the fastest repetition counts; the methods take
turns. Drawing the examples is part of a step. For K tasks, one way forward and K whole ways back take (1 + 2K) / 3 of a
step of `fixed`, if a way back takes twice as long as the way forward: the bound in the table. `autojac` is TorchJD's
own engine, `mtl_backward` and `jac_to_grad` with UPGrad, in a loop written by hand with the same networks; it is
measured if TorchJD is installed and torch is among the executors.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from valp.compile.compile import compile
from valp.graph.graph import Connection, DataType, DataUnit, Dense, Graph, Input, Loss, Output, PrimaryNetwork
from valp.train.balance import read_balance
from valp.train.fit import Fitting, one_thread
from valp.train.native.warm import prepare

PIXELS, SHARED, HIDDEN, FEATURES, OWN, SIZE = 784, "shared", 128, 64, 512, 10
ROWS, STEPS, WARMING = 2000, {"native": 60, "torch": 30}, 5
METHODS = ("fixed", "uniform", "uncertainty", "dwa", "gradnorm", "min-norm", "central", "tensioner", "upgrad")
AUTOJAC = "autojac"


def numeric(size: int) -> DataUnit:
    return DataUnit(type=DataType.NUMERIC, shape=(size,))


def graph(tasks: int) -> Graph:
    """One shared network and a network for each task."""
    names = [f"task{i}" for i in range(tasks)]
    layers = {SHARED: HIDDEN, **dict.fromkeys(names, OWN)}
    sizes = {SHARED: FEATURES, **dict.fromkeys(names, SIZE)}
    return Graph(
        inputs=(Input(name="pixels", unit=numeric(PIXELS)),),
        networks=tuple(
            PrimaryNetwork(
                name=name, kind="g", combiner="concatenation", output=numeric(sizes[name]),
                layers=(Dense(units=layers[name], activation="relu"),),
            )
            for name in sizes
        ),
        outputs=tuple(Output(name=f"{name}_out", unit=numeric(SIZE)) for name in names),
        connections=(
            Connection(source="pixels", target=SHARED),
            *(Connection(source=SHARED, target=name) for name in names),
            *(Connection(source=name, target=f"{name}_out") for name in names),
        ),
        losses=tuple(Loss(kind="mse", prediction=f"{name}_out", truth=f"{name}_out", beta=1.0) for name in names),
    )  # fmt: skip


def data(tasks: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    inputs = {"pixels": torch.rand(ROWS, PIXELS, generator=generator)}
    return inputs, {f"task{i}_out": torch.rand(ROWS, SIZE, generator=generator) for i in range(tasks)}


def by_valp(tasks: int, batch: int, method: str, executor: Any) -> Callable[[int], None]:
    """A function that takes some further steps of a training."""
    inputs, truths = data(tasks)
    training = Fitting(
        compile(graph(tasks), seed=0), inputs, truths, steps=100 * max(STEPS.values()), batch=batch,
        executor=executor, balance=read_balance(method),
    )  # fmt: skip
    return lambda steps: training.advance(training.made + steps)


def by_autojac(tasks: int, batch: int) -> Callable[[int], None]:
    """The same networks, trained with TorchJD's engine."""
    from torchjd.aggregation import UPGrad
    from torchjd.autojac import jac_to_grad, mtl_backward

    inputs, truths = data(tasks)
    trunk = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, FEATURES))
    heads = [nn.Sequential(nn.Linear(FEATURES, OWN), nn.ReLU(), nn.Linear(OWN, SIZE)) for _ in range(tasks)]
    shared = list(trunk.parameters())
    optimizer = torch.optim.Adam([*shared, *(p for head in heads for p in head.parameters())], fused=True)
    aggregator = UPGrad()

    def take(steps: int) -> None:
        for _ in range(steps):
            rows = torch.randint(ROWS, (batch,))
            features = trunk(inputs["pixels"][rows])
            losses = [
                nn.functional.mse_loss(head(features), truth[rows])
                for head, truth in zip(heads, truths.values(), strict=True)
            ]
            optimizer.zero_grad()
            mtl_backward(losses, features=features)
            jac_to_grad(shared, aggregator)
            optimizer.step()

    return take


def measure(tasks: int, batch: int, executor: str, methods: list[str], repetitions: int) -> dict[str, float]:
    """The CPU milliseconds of a step, by method."""
    ways = {method: by_valp(tasks, batch, method, executor) for method in methods}
    if executor == "torch" and "upgrad" in methods:
        ways[AUTOJAC] = by_autojac(tasks, batch)
    steps = STEPS[executor]
    best = dict.fromkeys(ways, float("inf"))
    for take in ways.values():
        take(WARMING)
    for _ in range(repetitions):
        for name, take in ways.items():
            best[name] = min(best[name], milliseconds(partial(take, steps)) / steps)
    return best


def milliseconds(run: Callable[[], None]) -> float:
    start = time.process_time()
    run()
    return (time.process_time() - start) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="+", default=[3, 5, 10])
    parser.add_argument("--batches", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--executors", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    methods = ["fixed", *(method for method in asked.methods if method != "fixed")]
    one_thread()
    prepare(print)
    results = []
    print("executor | batch | tasks | bound | ms of fixed | ratios to fixed")
    for executor in asked.executors:
        for batch in asked.batches:
            for tasks in asked.tasks:
                times = measure(tasks, batch, executor, methods, asked.repetitions)
                ratios = {name: value / times["fixed"] for name, value in times.items()}
                bound = (1 + 2 * tasks) / 3
                shown = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items() if name != "fixed")
                print(f"{executor} | {batch} | {tasks} | {bound:.2f} | {times['fixed']:.2f} | {shown}", flush=True)
                results.append(
                    {
                        "executor": executor, "batch": batch, "tasks": tasks, "bound": bound, "milliseconds": times,
                        "ratios": ratios,
                    }
                )  # fmt: skip
    if asked.output is not None:
        asked.output.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
