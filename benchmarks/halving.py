"""Rules of successive halving with several objectives, compared on recorded learning curves by simulated workers.

Each seed shuffles the recorded candidates; none comes twice. All rules see the same candidates in the same order, on
the same workers. The hypervolume is of the candidates that were trained to the end, with each objective scaled from 0,
its value without learning, to 1, its best value in the file, as a share of that of all recorded candidates.

python -m benchmarks.halving [--curves FILE ...] [--seeds 100] [--workers 8] [--speed 10000]
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from benchmarks.halving_rivals import Rival, rivals, tenth_of_ten
from valp.search.halving.recorded_curves import RecordedCurves
from valp.search.halving.rung_ladder import RungLadder
from valp.search.halving.simulator import SimulatedTrial, in_order, simulate
from valp.search.pareto.front import Points, non_dominated
from valp.search.pareto.hypervolume import hypervolume

FILES = tuple(Path(__file__).parent / "curves" / name for name in ("digits.json", "multi-mnist.json"))
SHARES = (1 / 32, 1 / 16, 3 / 32, 1 / 8)
"""The work at which rules are compared, as shares of the work of training all candidates to the end."""

RIVAL = "MO-ASHA"


def gains(curves: RecordedCurves) -> Points:
    """The last metrics of each candidate, scaled to 0 for no learning and 1 for the best; 0 for a failed one."""
    signs = np.array([1.0 if mode == "max" else -1.0 for mode in curves.modes])
    last, zero = curves.values[:, -1] * signs, np.array(curves.without_learning) * signs
    scaled: Points = np.nan_to_num(np.maximum((last - zero) / (np.nanmax(last, axis=0) - zero), 0.0))
    return scaled


def volume(points: Points) -> float:
    """The hypervolume of rows that are maximised."""
    return hypervolume(points[non_dominated(-points)])


def volumes(ended: Sequence[SimulatedTrial], scaled: Points, works: Sequence[float]) -> list[float]:
    """The hypervolume after each amount of work."""
    return [volume(scaled[[one.row for one in ended if one.complete and one.work <= work]]) for work in works]


def measure(curves: RecordedCurves, rule: Rival, seed: int, workers: int) -> tuple[list[float], int]:
    """The shares of the whole hypervolume after each of `SHARES`, and the number of candidates by then."""
    scaled, works = gains(curves), [share * len(curves) * curves.times[-1] for share in SHARES]
    order = np.random.default_rng(seed).permutation(len(curves)).tolist()
    stops = rule(curves.times, len(curves.metrics), seed)
    ended = simulate(curves, in_order(order), stops, workers, works[-1])
    whole = volume(scaled)
    found = [each / whole for each in volumes(ended, scaled, works)]
    return found, sum(one.work <= works[-1] for one in ended)


def median_interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The median and its 95% confidence interval, by order statistics."""
    ordered, n = np.sort(values), len(values)
    below = int(binom.ppf(0.025, n, 0.5))
    return float(np.median(ordered)), float(ordered[max(below - 1, 0)]), float(ordered[min(n - below, n - 1)])


def table(curves: RecordedCurves, seeds: int, workers: int) -> list[str]:
    """The lines of a Markdown table: medians of shares of the hypervolume, and of paired differences to MO-ASHA."""
    found = {name: [measure(curves, rule, seed, workers) for seed in range(seeds)] for name, rule in rivals().items()}
    shares = {name: np.array([each for each, _ in rows]) for name, rows in found.items()}
    trainings = [f"{share * len(curves):.2g}" for share in SHARES]
    heads = " | ".join(f"after {count}" for count in trainings)
    lines = [f"| rule | candidates | {heads} | after {trainings[-1]}, minus MO-ASHA | better, worse |"]
    lines.append("|---" * (len(SHARES) + 4) + "|")
    for name, rows in shares.items():
        cells = [shown(rows[:, i]) for i in range(len(SHARES))]
        difference = rows - shares[RIVAL]
        wins = f"{(difference[:, -1] > 0).mean():.0%}, {(difference[:, -1] < 0).mean():.0%}"
        compared = ["", ""] if name == RIVAL else [shown(difference[:, -1], "+"), wins]
        count = f"{np.median([number for _, number in found[name]]):.0f}"
        lines.append(f"| {' | '.join([name, count, *cells, *compared])} |")
    return lines


def shown(values: NDArray[np.float64], sign: str = "") -> str:
    """A median with its interval."""
    middle, low, high = median_interval(values)
    return f"{middle:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def resampled(curves: RecordedCurves, count: int, seed: int = 0) -> RecordedCurves:
    """Curves drawn with replacement, each with a factor of its own near 1 on all its metrics. They are not measured."""
    random = np.random.default_rng(seed)
    rows = random.integers(len(curves), size=count)
    values = curves.values[rows] * random.normal(1, 0.02, (count, 1, len(curves.metrics)))
    return RecordedCurves(
        f"{count} resampled from {curves.source}", curves.metrics, curves.modes, curves.times, curves.without_learning,
        values, curves.seconds[rows],
    )  # fmt: skip


def speed(curves: RecordedCurves, count: int, workers: int) -> str:
    """How long the simulator takes, in a line."""
    many = resampled(curves, count)
    start = time.process_time()
    ended = simulate(many, in_order(range(count)), RungLadder(many.times[:-1], len(many.metrics), 3), workers)
    seconds = time.process_time() - start
    complete = sum(one.complete for one in ended)
    return (
        f"{count:,} candidates resampled from {curves.source}, {workers} simulated workers: {complete} trained to the "
        f"end, {max(one.clock for one in ended):.0f} simulated seconds, {seconds:.1f} CPU seconds"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, nargs="+", default=FILES)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--speed", type=int, default=10_000, help="the candidates of the simulator's own test; 0: none")
    asked = parser.parse_args()
    for path in asked.curves:
        curves = RecordedCurves.load(path)
        failed = int(np.isnan(curves.values).any((1, 2)).sum())
        print(f"{curves.source}: {len(curves)} candidates, {failed} failed; {', '.join(curves.metrics)}")
        print(f"{asked.seeds} seeds, {asked.workers} workers; work in full trainings\n")
        print("\n".join(table(curves, asked.seeds, asked.workers)), "\n")
        if asked.speed:
            print(speed(curves, asked.speed, asked.workers), "\n")
    decision = tenth_of_ten()
    if decision is not None:
        print(f"Syne Tune's MO-ASHA, a tenth trial at a rung that is better in both objectives than all: {decision}")


if __name__ == "__main__":
    main()
