"""How much does a second worker add? Steps per second of one process, and of two at the same time, in turn.

python -m benchmarks.workers [--rounds 5] [--steps 2000]

Every process trains the same random structures of the paper's space by the native executor, on one thread. Times are
wall times, so the machine must be idle otherwise.
"""

import argparse
import multiprocessing
import statistics
import time
from multiprocessing.synchronize import Barrier

from benchmarks.training import data, structure
from valp.compile.compile import compile
from valp.train.fit import fit, one_thread

STRUCTURES = 4
BATCH = 50


def work(barrier: Barrier, rounds: int, steps: int, alone: bool) -> None:
    """Trains in every round if `alone`, otherwise only in the rounds for two."""
    one_thread()
    inputs, truths = data()
    modules = [compile(structure(seed), seed=seed) for seed in range(STRUCTURES)]

    def train(steps: int) -> None:
        for module in modules:
            fit(module, inputs, truths, steps=steps, batch=BATCH, executor="native")

    train(50)
    for _ in range(rounds):
        for together in (False, True):
            barrier.wait()
            if together or alone:
                train(steps)
            barrier.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    spawned = multiprocessing.get_context("spawn")
    barrier = spawned.Barrier(3)
    workers = [
        spawned.Process(target=work, args=(barrier, options.rounds, options.steps, alone)) for alone in (True, False)
    ]
    for worker in workers:
        worker.start()
    added = []
    for _ in range(options.rounds):
        seconds = []
        for _ in range(2):
            barrier.wait()
            start = time.perf_counter()
            barrier.wait()
            seconds.append(time.perf_counter() - start)
        one, two = seconds
        added.append(2 * one / two - 1)
        rate = STRUCTURES * options.steps / one
        print(f"one worker: {rate:.0f} steps per second; the second adds {added[-1]:.2f} of that", flush=True)
    for worker in workers:
        worker.join()
    print(f"median: {statistics.median(added):.2f}")


if __name__ == "__main__":
    main()
