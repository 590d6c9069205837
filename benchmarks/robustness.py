"""How much accuracy do multi-task networks lose under attack? Qian et al., Tables III and IV, Figure 5.

STL, STVIB, GS, UWL and MTVIB with the networks of their Table I, on two overlaid images, under attacks of η = 0 to 0.3.
Every finished training is saved at once; called again, the benchmark resumes. The page and its figures as JSON are
written from the saved trainings.

python -m benchmarks.robustness [--problems multi-fashion multi-mnist] [--epochs 5] [--seeds 2] [--workers 2]
    [--batch 200] [--rate 1e-3] [--grid 0.25 0.5 0.75] [--draws 5] [--rows 5000] [--runs runs]
    [-o docs/robustness]
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.robustness_graphs import METHODS, Method
from benchmarks.robustness_page import page
from benchmarks.robustness_trainings import Training, prepare, trained
from benchmarks.saved_rows import Row, SavedRows
from benchmarks.worker_pool import work_off
from valp.errors import ValpError
from valp.files import write_text
from valp.spaces.own.load_problem import load_problem

DOCS = Path(__file__).parents[1] / "docs"
PROBLEMS = ("multi-fashion", "multi-mnist")
TASKS = ("left", "right")


@dataclass(frozen=True)
class Setup:
    """What all trainings of a file have in common.

    Attributes:
        epochs: passes over the training split; those of a fraction end early.
        batch: the examples in a step.
        rate: the learning rate of Adam.
        draws: the samples of z over which gradients and predictions of a bottleneck are averaged.
        rows: the most rows of the test split that are attacked, and of the validation split that choose weights.
    """

    epochs: float
    batch: int
    rate: float
    draws: int
    rows: int

    @property
    def name(self) -> str:
        """Its values, for the name of a file."""
        return "-".join(f"{value:g}" for value in asdict(self).values())


@dataclass(frozen=True)
class Plan:
    """All trainings that are wanted.

    Attributes:
        problems: the names of the problems.
        setup: what all trainings have in common.
        seeds: the number of seeds.
        grid: the weights of the first task that GS tries; those of the second task add up to 1 with them.
        store: the finished trainings.
    """

    problems: Sequence[str]
    setup: Setup
    seeds: int
    grid: Sequence[float]
    store: SavedRows

    def chosen(self, problem: str) -> float | None:
        """The weight of GS: the best mean accuracy on the validation split with seed 0; None until all are trained."""
        tried = {weight: self.store.rows.get(_gs(problem, 0, weight).key) for weight in self.grid}
        found = {weight: mean(row["validation"][task] for task in TASKS) for weight, row in tried.items() if row}
        return max(found, key=found.__getitem__) if len(found) == len(tried) else None

    def trainings(self, problem: str, method: Method, seed: int) -> list[Training] | None:
        """The trainings of a method with a seed; None if its weights are not known yet."""
        if method.grid:
            weight = self.chosen(problem)
            return None if weight is None else [_gs(problem, seed, weight)]
        if method.single:
            return [Training(problem, method.code, seed, task=task) for task in TASKS]
        return [Training(problem, method.code, seed)]

    def left(self) -> Iterator[Training]:
        """The trainings that can start now. Others may follow when these are finished."""
        for seed in range(self.seeds):
            for problem in self.problems:
                grid = [_gs(problem, 0, weight) for weight in self.grid] if seed == 0 else []
                known = [self.trainings(problem, method, seed) or [] for method in METHODS]
                wanted = {one.key: one for one in [*grid, *(one for some in known for one in some)]}
                yield from (one for key, one in wanted.items() if key not in self.store.rows)

    def results(self, problem: str, method: Method) -> list[dict[str, list[float]]]:
        """For each seed whose trainings are finished: by task, and `joint` for one network, the accuracy at each η."""
        found = []
        for seed in range(self.seeds):
            parts = self.trainings(problem, method, seed)
            rows = [self.store.rows.get(one.key) for one in parts or ()]
            if rows and all(row is not None for row in rows):
                found.append({name: values for row in rows if row for name, values in row["test"].items()})
        return found

    def document(self) -> dict[str, Any]:
        """The figures of the page."""
        return {
            "setup": asdict(self.setup),
            "seeds": self.seeds,
            "grid": list(self.grid),
            "problems": {
                problem: {
                    "weight": self.chosen(problem),
                    "methods": {method.code: self.results(problem, method) for method in METHODS},
                    "trainings": {k: v for k, v in self.store.rows.items() if k.startswith(f"{problem}/")},
                }
                for problem in self.problems
            },
        }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", choices=PROBLEMS, nargs="+", default=list(PROBLEMS))
    parser.add_argument("--epochs", type=float, default=5, help="Qian et al. have 200")
    parser.add_argument("--batch", type=int, default=200, help="as Qian et al.")
    parser.add_argument("--rate", type=float, default=1e-3, help="Qian et al. have 1e-4, and more steps")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--grid", type=float, nargs="+", default=[0.25, 0.5, 0.75], help="weights of the first task")
    parser.add_argument("--draws", type=int, default=5, help="samples of z in gradients and predictions")
    parser.add_argument("--rows", type=int, default=5_000, help="the most test rows to attack")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each; 0 trains in this one")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("-o", dest="base", type=Path, default=DOCS / "robustness", help="path and prefix of the page")
    asked = parser.parse_args(arguments)
    numbers = (asked.epochs, asked.batch, asked.rate, asked.seeds, asked.draws, asked.rows)
    if min(numbers) <= 0 or asked.workers < 0 or not all(0 < weight < 1 for weight in asked.grid):
        parser.error("numbers must be positive, --workers not negative, and weights of --grid between 0 and 1")
    setup = Setup(asked.epochs, asked.batch, asked.rate, asked.draws, asked.rows)
    try:
        fingerprints = {name: load_problem(name, print).fingerprint for name in asked.problems}
        store = SavedRows(asked.runs / f"benchmark-robustness-{setup.name}.json", fingerprints)
        plan = Plan(asked.problems, setup, asked.seeds, sorted(set(asked.grid)), store)
        try:
            train_all(plan, asked.workers)
        finally:
            write(plan, asked.base)
    except ValpError as error:
        parser.error(str(error))


def train_all(plan: Plan, workers: int) -> None:
    """Trains what is left in processes of one thread each, and saves each training as soon as it is finished."""
    setup = asdict(plan.setup)

    def finish(training: Training, row: Row) -> None:
        plan.store.add(training, row)
        clean = "  ".join(f"{name} {values[0]:.3f} → {values[-1]:.3f}" for name, values in row["test"].items())
        print(f"{training.key}: {clean} ({row['seconds']:.0f} s)", flush=True)

    work_off(
        plan.left,
        lambda training: (training, setup),
        trained,
        finish,
        workers,
        prepare,
        (list(plan.problems),),
    )


def write(plan: Plan, base: Path) -> None:
    """Writes the page and its figures, if any method has a finished seed."""
    document: Mapping[str, Any] = plan.document()
    if not any(found for one in document["problems"].values() for found in one["methods"].values()):
        return
    base.parent.mkdir(parents=True, exist_ok=True)
    write_text(base.with_name(f"{base.name}.json"), json.dumps(document, indent=1) + "\n")
    write_text(base.with_name(f"{base.name}.md"), page(document, base.with_name(f"{base.name}.md")))


def _gs(problem: str, seed: int, weight: float) -> Training:
    return Training(problem, "GS", seed, weight=weight)


if __name__ == "__main__":
    main()
