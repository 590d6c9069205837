"""How long does a user wait for a built-in problem, and for the key of a typical graph?

python -m benchmarks.waiting [--repetitions 20]
"""

import argparse
import time
from statistics import median

from valp.check.keys import content_key
from valp.graph.graph import Connection, DataType, DataUnit, Graph, Input, Loss, Output, PrimaryNetwork
from valp.spaces.builtin.problems import PROBLEMS
from valp.spaces.own.load_problem import load_problem

SIZE = 784
NETWORKS = 11


def usual_graph() -> Graph:
    """Eleven networks of 784 variables. Each reads half of the variables of up to three earlier components."""
    unit, half = DataUnit(type=DataType.NUMERIC, shape=(SIZE,)), tuple(range(0, SIZE, 2))
    names = [f"n{i}" for i in range(NETWORKS)]
    sources = ["i", *names]
    connections = [
        Connection(source=sources[place], target=name, indices=half)
        for number, name in enumerate(names)
        for place in range(max(0, number - 2), number + 1)
    ]
    return Graph(
        inputs=(Input(name="i", unit=unit),),
        networks=tuple(PrimaryNetwork(name=name, kind="g", output=unit) for name in names),
        outputs=(Output(name="o", unit=unit),),
        connections=(*connections, Connection(source=names[-1], target="o")),
        losses=(Loss(kind="mse", prediction="o", truth="o"),),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=20)
    repetitions = parser.parse_args().repetitions
    graph, milliseconds = usual_graph(), []
    for _ in range(repetitions):
        start = time.perf_counter()
        content_key(graph)
        milliseconds.append(1e3 * (time.perf_counter() - start))
    print(f"key of a graph with {NETWORKS} networks: {median(milliseconds):.2f} ms, median of {repetitions}")
    for name in PROBLEMS:
        start = time.perf_counter()
        problem = load_problem(name)
        print(f"{name}: {time.perf_counter() - start:.2f} s, {problem.size_in_bytes / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
