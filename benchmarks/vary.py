"""Makes children by random moves and crossover, checks each, and measures the time.

python -m benchmarks.vary [--children 100000]
"""

import argparse
import math
import statistics
import time
from collections import defaultdict

from valp.check.check import check
from valp.graph.graph import DataType
from valp.model.preprocessing import Column, Preprocessing
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.algorithm1 import initialize
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER, Space
from valp.spaces.problem.description import Description
from valp.spaces.vary import MOVES, Variation, cross, mutate

CHAIN = 25
"""The number of successive children before another candidate is drawn."""

CROSSED = 5
"""Every fifth child has two parents."""

NUMERIC, DISCRETE, SAMPLES, FEATURES = DataType
LOSSES = {NUMERIC: "mse", DISCRETE: "cross_entropy", SAMPLES: "bernoulli", FEATURES: "mse"}


def column(name: str, data_type: DataType, *shape: int, image: tuple[int, int, int] | None = None) -> Column:
    return Column(
        name=name, type=data_type, size=math.prod(shape), shape=shape if len(shape) > 1 else None, image=image
    )


def problem(name: str, inputs: list[Column], outputs: list[Column]) -> Description:
    columns = Preprocessing(inputs=tuple(inputs), outputs=tuple(outputs))
    return Description(name=name, title=name, columns=columns, losses={x.name: (LOSSES[x.type],) for x in outputs})


TASKS = [column("histogram", NUMERIC, 32), column("garment", DISCRETE, 10)]
PIXELS = problem("fashion-mnist, flat", [column("pixels", NUMERIC, 784)], [*TASKS, column("image", SAMPLES, 784)])
IMAGE = problem(
    "fashion-mnist", [column("pixels", FEATURES, 1, 28, 28)], [*TASKS, column("image", SAMPLES, 784, image=(1, 28, 28))]
)
SEVERAL = problem(
    "two inputs, five outputs",
    [column("a", NUMERIC, 30), column("b", DISCRETE, 4)],
    [
        column("x", NUMERIC, 1),
        column("y", NUMERIC, 7),
        column("c", DISCRETE, 3),
        column("s", SAMPLES, 12),
        column("t", SAMPLES, 30),
    ],
)
SEQUENCE = problem(
    "a sequence and more",
    [column("signal", FEATURES, 2, 32), column("more", NUMERIC, 5)],
    [column("x", NUMERIC, 3), column("c", DISCRETE, 4), column("s", SAMPLES, 32), column("same", FEATURES, 3, 32)],
)
ONE = problem("classification alone", [column("a", SAMPLES, 64)], [column("c", DISCRETE, 10)])

SETTINGS = [(task, space) for task in (PIXELS, SEVERAL, ONE) for space in (PAPER, DEFAULT, FULL)]
SETTINGS += [(task, FULL) for task in (IMAGE, SEQUENCE)]


def drawn(task: Description, space: Space, seed: str) -> Candidate:
    choose = RandomChoose(seed)
    graph = initialize(task.inputs, task.outputs, task.losses, space, choose, images=task.images)
    rate = choose.real("learning_rate", *space.learning_rate, log_scale=True)
    return Candidate(graph=graph, training=Training(learning_rate=rate))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=100_000, help=f"in chains of {CHAIN}")
    asked = parser.parse_args()
    milliseconds: defaultdict[str, list[float]] = defaultdict(list)
    refused = crowded = 0
    for number in range(math.ceil(asked.children / CHAIN)):
        task, space = SETTINGS[number % len(SETTINGS)]
        first, second = (drawn(task, space, f"{number}:{i}") for i in range(2))
        for i in range(CHAIN):
            choose = RandomChoose(f"{number}:child {i}")
            start = time.perf_counter()
            child: Variation
            if i % CROSSED == CROSSED - 1:
                child = cross(first, second, task, space, choose)
            else:
                child = mutate(first, task, space, choose, moves=1)
            elapsed = (time.perf_counter() - start) * 1e3
            milliseconds[" + ".join(child.moves) or "none"].append(elapsed)
            refused += not check(child.graph).passed
            crowded += len(child.graph.networks) > space.max_n
            first, second = Candidate(graph=child.graph, training=child.training), first
    every = [value for values in milliseconds.values() for value in values]
    print(f"{len(every)} children: {refused} rejected by check, {crowded} with more than max_n networks")
    print(f"ms per child: {statistics.median(every):.2f} (median), {sorted(every)[-len(every) // 100]:.2f} (99%)")
    print(f"\n{'move':20} {'children':>8} {'ms':>6}")
    for name in (*MOVES, *sorted(milliseconds.keys() - MOVES.keys())):
        values = milliseconds[name]
        print(f"{name:20} {len(values):8} {statistics.median(values or [0.0]):6.2f}")


if __name__ == "__main__":
    main()
