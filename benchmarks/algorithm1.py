"""Draws and checks graphs of Algorithm 1, and compares their statistics with those of the original code.

python -m benchmarks.algorithm1 [--graphs 10000]
"""

import argparse
import statistics
import time
from collections import Counter

import networkx as nx

from valp.check.check import check
from valp.compile.compile import lower
from valp.graph.graph import DataType, DataUnit, Graph, Input, Output, UnitType
from valp.plan.operation import Affine
from valp.spaces.generate.algorithm1 import initialize
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER, Space

Shape = tuple[tuple[Input, ...], tuple[Output, ...]]


def unit(data_type: DataType, *sizes: int) -> DataUnit:
    return DataUnit(type=data_type, shape=sizes)


NUMERIC, DISCRETE, SAMPLES, FEATURES = DataType
SHAPES: dict[str, Shape] = {
    "fashion-mnist": (
        (Input(name="pixels", unit=unit(FEATURES, 1, 28, 28)),),
        (
            Output(name="histogram", unit=unit(NUMERIC, 32)),
            Output(name="garment", unit=unit(DISCRETE, 10)),
            Output(name="image", unit=unit(SAMPLES, 784)),
        ),
    ),
    "two inputs, five outputs": (
        (Input(name="a", unit=unit(NUMERIC, 30)), Input(name="b", unit=unit(DISCRETE, 4))),
        (
            Output(name="x", unit=unit(NUMERIC, 1)),
            Output(name="y", unit=unit(NUMERIC, 7)),
            Output(name="c", unit=unit(DISCRETE, 3)),
            Output(name="s", unit=unit(SAMPLES, 12)),
            Output(name="t", unit=unit(SAMPLES, 30)),
        ),
    ),
    "classification alone": (
        (Input(name="a", unit=unit(SAMPLES, 64)),),
        (Output(name="c", unit=unit(DISCRETE, 10)),),
    ),
}
IMAGES = {"image": (1, 28, 28)}
LOSSES: dict[UnitType, str] = {NUMERIC: "mse", DISCRETE: "cross_entropy", SAMPLES: "bernoulli"}


def drawn(shape: Shape, space: Space, seed: int) -> Graph:
    inputs, outputs = shape
    losses = {output.name: (LOSSES[output.unit.type],) for output in outputs}
    return initialize(inputs, outputs, losses, space, RandomChoose(seed), images=IMAGES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=10_000, help="number of graphs for each shape and space")
    asked = parser.parse_args()
    for space in (PAPER, DEFAULT, FULL):
        for name, shape in SHAPES.items():
            drawing, checking, refused = [], [], 0
            for seed in range(asked.graphs):
                start = time.perf_counter()
                graph = drawn(shape, space, seed)
                middle = time.perf_counter()
                refused += not check(graph).passed or len(graph.networks) > space.max_n
                checking.append(time.perf_counter() - middle)
                drawing.append(middle - start)
                if seed < 100 and drawn(shape, space, seed) != graph:
                    raise SystemExit(f"seed {seed} drew two different graphs")
            drawn_in, checked_in = (statistics.median(times) * 1e3 for times in (drawing, checking))
            print(
                f"{space.name:8} {name:25} {asked.graphs} graphs, {refused} rejected; "
                f"median: drawn in {drawn_in:.2f} ms, checked in {checked_in:.2f} ms"
            )
    report(SHAPES["fashion-mnist"])


def report(shape: Shape) -> None:
    graphs = [drawn(shape, PAPER, seed) for seed in range(2000)]
    networks = Counter(len(graph.networks) for graph in graphs)
    layers = [sum(len(network.layers) + 1 for network in graph.networks) for graph in graphs]
    depths = [nx.dag_longest_path_length(graph.digraph) - 1 for graph in graphs]
    readers = Counter(sum(c.source == "pixels" for c in graph.connections) for graph in graphs)
    parameters = sorted(
        sum(op.inputs * op.outputs + op.outputs for op in lower(graph).operations if isinstance(op, Affine))
        for graph in graphs
    )
    rows = [
        ("networks", f"{min(networks)}–{max(networks)}", "10–12"),
        ("weight layers, median", f"{statistics.median(layers):g}", "36"),
        (
            "networks on the longest path, median (range)",
            f"{statistics.median(depths):g} ({min(depths)}–{max(depths)})",
            "7 (3–12)",
        ),
        (
            "parameters, median (5–95%)",
            f"{statistics.median(parameters) / 1e3:.0f}k ({parameters[100] / 1e3:.0f}k–{parameters[1900] / 1e3:.0f}k)",
            "132k (42k–290k)",
        ),
        *((f"{n} network(s) read the input", f"{readers[n] / len(graphs):.0%}", known) for n, known in READERS.items()),
    ]
    print("\npaper's space, 2,000 graphs | ours | the original")
    for row in rows:
        print(" | ".join(row))


READERS = {1: "43%", 2: "35%", 3: "16%"}

if __name__ == "__main__":
    main()
