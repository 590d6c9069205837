"""What the settings of evolution and of the default space are worth: searches with one of them changed.

    python -m benchmarks.breeding [--problems digits sine breast-cancer] [--variants ...] [--seeds 8]

Every search sees the samples of --trainings full trainings, and has no baselines. Its figures are the hypervolume of
its front and the volume of its best candidate, on the validation split, in the default objectives of the problem. 0 is
the value without learning, 1 the best possible value. A variant is compared with the defaults seed by seed. Searches
differ much more by their seed than by most settings. If interrupted, the benchmark resumes.

The table is `benchmarks.tables.breast_cancer`.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import fields, replace
from functools import cache
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, stdev
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.strategies_page import rows_of
from benchmarks.tables import benchmark_problem
from valp.files import write_text
from valp.search.facade.launch import launch
from valp.search.pareto.front import chances, losses
from valp.search.pareto.hypervolume import hypervolume
from valp.search.show.display import LineDisplay, Status
from valp.search.strategies import STRATEGIES
from valp.search.strategies.breeding import Breeding
from valp.search.strategies.evolution import Evolution
from valp.spaces.generate.space import DEFAULT, SPACES
from valp.spaces.problem.problem import Problem
from valp.train.fit import one_thread

PROBLEMS = ("digits", "sine", "breast-cancer")
BATCH = 50

VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "16 drawn": {"drawn": 16},
    "population of 24": {"population": 24},
    "tournaments of 2": {"tournament": 2},
    "no crossover": {"crossover": 0.0},
    "whole generations": {"generation": 1.0},
    "nothing inherited": {"inherit": False},
    "codes of predictions too": {"own_codes": False},
    "narrow codes too": {"output_units": (8, 64)},
    "KL of more weight": {"beta_kl": (0.1, 2.0)},
    "likelihoods of any weight": {"beta_samples": None},
    "N(0, I) as a prior too": {"priors": ("normal", "mixture")},
    "narrow layers": {"units": (32, 256)},
    "no decay": {"decay": 0.0},
}
"""Settings of `Breeding` and `Space` by the name of a variant."""

Found = dict[str, float]


class Silent(LineDisplay):
    """Shows nothing."""

    def show(self, status: Status, ended: Any = None) -> None:
        """See `valp.search.show.display.Display`."""


@cache
def problem_of(name: str) -> Problem:
    """A problem of the benchmark."""
    return benchmark_problem(name, lambda _: None)


def searched(problem: str, variant: str, seed: int, trainings: int, steps: int, runs: Path) -> Found:
    """The hypervolume of a search's front, and the volume of its best single candidate."""
    one_thread()
    names = {field.name for field in fields(Breeding)}
    breeding = replace(Breeding(), **{name: value for name, value in VARIANTS[variant].items() if name in names})
    space = replace(DEFAULT, **{name: value for name, value in VARIANTS[variant].items() if name not in names})
    code = "breeding-" + variant.replace(",", "").replace(" ", "-")
    with STRATEGIES.adding(Evolution(code, variant, breeding)), patch.dict(SPACES, {"default": space}):
        run = launch(
            problem_of(problem),
            name=f"{problem}-{code}-{trainings}-{steps}-{seed}",
            runs=runs,
            strategy=code,
            candidates=breeding.candidates_within(trainings),
            steps=steps,
            batch=BATCH,
            workers=0,
            seed=seed,
            baselines="none",
            display=Silent(),
        ).stored
    metrics = list(run.ledger.objectives.values())
    done = [entry for entry in run.ledger.entries() if entry.state == "complete"]
    found = losses([run.ledger.point(entry) for entry in done], metrics)
    best = losses([[float(metric.score.ideal or 0.0) for metric in metrics]], metrics)[0]
    worst = chances(metrics)
    gains = np.clip((worst - found) / (worst - best), 0, 1)
    return {"hypervolume": hypervolume(gains), "best": float(gains.prod(1).max())} | {
        metric.name: float(gains[:, i].max()) for i, metric in enumerate(metrics)
    }


def main() -> None:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=PROBLEMS)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--trainings", type=int, default=20, help="samples of a search, in full trainings")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--workers", type=int, default=2, help="searches at once")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    asked = parser.parse_args()
    file = asked.runs / f"breeding-{asked.trainings}-{asked.steps}.json"
    found: dict[str, Found] = json.loads(file.read_text()) if file.is_file() else {}
    keys = [
        (problem, variant, seed)
        for seed, variant, problem in product(range(asked.seeds), asked.variants, asked.problems)
    ]
    left = [key for key in keys if "/".join(map(str, key)) not in found]
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(searched, *key, asked.trainings, asked.steps, asked.runs): key for key in left}
        for count, future in enumerate(as_completed(waiting), 1):
            found["/".join(map(str, waiting[future]))] = future.result()
            write_text(file, json.dumps(found))
            print(f"{count} of {len(left)}: {waiting[future]}", flush=True)
    for figure in ("hypervolume", "best"):
        rows: list[tuple[str, ...]] = [(figure, *asked.problems)]
        for variant in asked.variants:
            cells = [_cell(found, problem, variant, asked.seeds, figure) for problem in asked.problems]
            rows.append((variant, *cells))
        print(f"\n{rows_of(rows)}")


def _cell(found: dict[str, Found], problem: str, variant: str, seeds: int, figure: str) -> str:
    """The mean of a figure, and the mean difference to the defaults with its standard error."""
    own = [found[f"{problem}/{variant}/{seed}"][figure] for seed in range(seeds)]
    usual = [found[f"{problem}/defaults/{seed}"][figure] for seed in range(seeds)]
    gained = [a - b for a, b in zip(own, usual, strict=True)]
    error = stdev(gained) / seeds**0.5 if seeds > 1 else 0.0
    return f"{mean(own):.3f} ({mean(gained):+.3f} ± {error:.3f})"


if __name__ == "__main__":
    main()
