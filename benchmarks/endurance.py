"""Long trainings: does the speed stay the same, and do both executors reach the same scores?

python -m benchmarks.endurance [--structures 10] [--steps 4000] [--long 40000]

The first part is a training of `--long` steps. It compares the CPU time of a step at the start and at the end (400
steps each), which denormal numbers would double. The second part trains random structures of the paper's space on
Fashion-MNIST: by the native executor with two seeds, and by torch with the first seed. It compares the difference of
validation scores between executors with that between seeds.
"""

import argparse
import statistics
import time

from benchmarks.training import structure
from valp.compile.compile import compile
from valp.plan.plan import Executor
from valp.search.engine.evaluate import fitting, train
from valp.spaces.candidate import Candidate, Training
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

EDGE = 400
SCORES = ("accuracy", "mse", "entropy", "coverage")


def endurance(scorer: Scorer, steps: int) -> tuple[float, float]:
    """Milliseconds of CPU time per step at the start and at the end of a training."""
    candidate = Candidate(graph=structure(0), training=Training(steps=steps))
    training = fitting(compile(candidate.graph, seed=0), candidate, scorer, "native")
    times = []
    for to in (EDGE, 2 * EDGE, steps - EDGE, steps):  # the very first also fill the caches
        start = time.process_time()
        training.advance(to)
        times.append((time.process_time() - start) * 1e3 / EDGE)
    return times[1], times[3]


def scores(scorer: Scorer, number: int, steps: int, executor: Executor, seed: int) -> dict[str, float]:
    candidate = Candidate(graph=structure(number), training=Training(steps=steps, seed=seed))
    module, made = train(candidate, scorer, executor=executor)
    assert made.failure is None, made.failure
    return scorer.score(module, scorer.problem.validation)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=int, default=10)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--long", type=int, default=40_000)
    options = parser.parse_args()
    one_thread()
    problem = load_problem("fashion-mnist")
    scorer = Scorer(problem, judges_of(problem), "generate")
    first, last = endurance(scorer, options.long)
    print(
        f"{options.long} steps: {first:.3f} ms per step at first, {last:.3f} ms at the end, {last / first:.2f} times",
        flush=True,
    )
    print("structure | score | native, seed 0 | native, seed 1 | torch, seed 0", flush=True)
    apart: dict[str, list[float]] = {name: [] for name in SCORES}
    spread: dict[str, list[float]] = {name: [] for name in SCORES}
    for number in range(options.structures):
        native, other = (scores(scorer, number, options.steps, "native", seed) for seed in (0, 1))
        torch = scores(scorer, number, options.steps, "torch", 0)
        for name in SCORES:
            print(f"{number} | {name} | {native[name]:.4g} | {other[name]:.4g} | {torch[name]:.4g}", flush=True)
            apart[name].append(abs(native[name] - torch[name]))
            spread[name].append(abs(native[name] - other[name]))
    for name in SCORES:
        both = (
            f"{statistics.mean(apart[name]):.3g} between executors, {statistics.mean(spread[name]):.3g} between seeds"
        )
        print(f"{name}, mean difference: {both}")


if __name__ == "__main__":
    main()
