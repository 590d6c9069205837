"""When is a multi-task VAE better than a VAE and single-task models with as many parameters?

Four ways to arrange latent spaces are trained on the same samples, with labels for all rows and for few of them, and
scored on the test split: the samples, the other tasks, and linear probes on each latent space. β of the KL loss of the
samples is chosen for each on the validation split. Every finished training is saved at once; called again, the
benchmark resumes. The page and its figures as JSON are written from the saved trainings.

python -m benchmarks.mt_vae [--problems digits fashion-mnist] [--samples 200000] [--seeds 5] [--workers 2]
    [--labels 0 300] [--betas 0.0125 0.05 0.2 1] [--runs runs] [-o docs/mt-vae]
"""

import argparse
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks.mt_vae_graphs import CONTENDERS, Contender, graph_of
from benchmarks.mt_vae_page import page
from benchmarks.mt_vae_probes import codes_of, controls, labelled_rows, probed
from benchmarks.saved_rows import Row, SavedRows
from benchmarks.worker_pool import work_off
from valp.compile.compile import compile
from valp.errors import ValpError
from valp.files import write_text
from valp.graph.graph import DataType
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import fit, one_thread, ready

DOCS = Path(__file__).parents[1] / "docs"
BATCH = 50
RATE = 1e-3
DECAY = 0.3
"""The share of the steps, at their end, over which the learning rate falls to 0."""

BY_CODE = {one.code: one for one in CONTENDERS}


@dataclass(frozen=True)
class Job:
    """A training.

    Attributes:
        problem: the name of the problem.
        contender: the code of the contender.
        samples: the examples that it sees.
        labels: the number of training rows that have labels for the tasks other than samples; 0 for all.
        beta: β of the KL loss of the latent spaces from which samples are generated.
        seed: the seed of the weights, the order of the examples, and the noise.
    """

    problem: str
    contender: str
    samples: int
    labels: int
    beta: float
    seed: int

    @property
    def key(self) -> str:
        """Its name in the file."""
        return "/".join(
            f"{value:g}" if isinstance(value, float) else str(value)
            for value in (self.problem, self.contender, self.samples, self.labels, self.beta, self.seed)
        )


@dataclass(frozen=True)
class Plan:
    """All trainings that are wanted.

    Attributes:
        problems: the names of the problems.
        samples: the examples that each training sees.
        labels: the numbers of rows with labels.
        betas: the β among which each contender chooses.
        seeds: the number of seeds.
        store: the finished trainings.
    """

    problems: Sequence[str]
    samples: int
    labels: Sequence[int]
    betas: Sequence[float]
    seeds: int
    store: SavedRows

    def chosen(self, problem: str, contender: Contender, labels: int) -> float | None:
        """The β with the best samples on the validation split with seed 0; None until all are trained."""
        tried = {beta: self.store.rows.get(self._job(problem, contender, labels, beta, 0).key) for beta in self.betas}
        found = {
            beta: row["validation"].get("entropy_coverage", row["validation"].get("coverage", -math.inf))
            for beta, row in tried.items()
            if row is not None
        }
        return max(found, key=found.__getitem__) if len(found) == len(tried) else None

    def left(self) -> Iterator[Job]:
        """The trainings that can start now. Others may follow when these are finished."""
        for problem in self.problems:
            for labels in self.labels:
                for contender in CONTENDERS:
                    wanted = [self._job(problem, contender, labels, beta, 0) for beta in self.betas]
                    beta = self.chosen(problem, contender, labels)
                    if beta is not None:
                        wanted += [self._job(problem, contender, labels, beta, seed) for seed in range(1, self.seeds)]
                    yield from (job for job in wanted if job.key not in self.store.rows)

    def results(self, problem: str, contender: Contender, labels: int) -> list[Row]:
        """The trainings with the chosen β, one for each finished seed."""
        beta = self.chosen(problem, contender, labels)
        if beta is None:
            return []
        jobs = [self._job(problem, contender, labels, beta, seed) for seed in range(self.seeds)]
        return [self.store.rows[job.key] for job in jobs if job.key in self.store.rows]

    def document(self) -> dict[str, Any]:
        """The figures of the page."""
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "command": f"python -m benchmarks.mt_vae --problems {' '.join(self.problems)} --samples {self.samples}",
            "samples": self.samples,
            "batch": BATCH,
            "labels": list(self.labels),
            "betas": list(self.betas),
            "seeds": self.seeds,
            "contenders": {one.code: one.title for one in CONTENDERS},
            "problems": {
                problem: {
                    str(labels): {
                        one.code: {
                            "beta": self.chosen(problem, one, labels),
                            "trainings": self.results(problem, one, labels),
                        }
                        for one in CONTENDERS
                    }
                    for labels in self.labels
                }
                for problem in self.problems
            },
        }

    def _job(self, problem: str, contender: Contender, labels: int, beta: float, seed: int) -> Job:
        return Job(problem, contender.code, self.samples, labels, beta, seed)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", default=["digits", "fashion-mnist"])
    parser.add_argument("--samples", type=int, default=200_000, help="the examples that each training sees")
    parser.add_argument("--labels", type=int, nargs="+", default=[0, 300], help="rows with labels; 0 for all")
    parser.add_argument(
        "--betas", type=float, nargs="+", default=[0.0125, 0.05, 0.2, 1.0], help="β among which each chooses"
    )
    parser.add_argument("--seeds", type=int, default=5, help="four or more for intervals")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each; 0 trains in this one")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("-o", dest="base", type=Path, default=DOCS / "mt-vae", help="path and prefix of the page")
    asked = parser.parse_args(arguments)
    if min(asked.samples, asked.seeds, *asked.betas) <= 0 or min(asked.workers, *asked.labels) < 0:
        parser.error("--samples, --seeds and --betas must be positive, --labels and --workers not negative")
    try:
        problems = [load_problem(name, print) for name in asked.problems]
        for one in problems:
            if max(asked.labels) > len(one.train):
                parser.error(f"--labels must not exceed the {len(one.train)} training rows of {one.name}")
        fingerprints = {one.name: one.fingerprint for one in problems}
        store = SavedRows(asked.runs / "benchmark-mt-vae.json", fingerprints)
        plan = Plan(asked.problems, asked.samples, asked.labels, sorted(set(asked.betas)), asked.seeds, store)

        def finish(job: Job, row: Row) -> None:
            store.add(job, row)
            told = "  ".join(f"{name} {row['test'][name]:.4g}" for name in row["objectives"] if name in row["test"])
            print(f"{job.key}: {told} ({row['seconds']:.0f} s)", flush=True)
            write(plan, asked.base)

        ready("auto", print)
        work_off(plan.left, lambda job: (job,), trained, finish, asked.workers, prepare, (list(asked.problems),))
        write(plan, asked.base)
    except ValpError as error:
        parser.error(str(error))


_scorers: dict[str, Scorer] = {}
"""The scorers of this process, made when it starts."""


def prepare(names: Sequence[str]) -> None:
    """Loads problems and their judges into this process."""
    one_thread()
    for name in names:
        problem = load_problem(name, lambda _: None)
        _scorers[name] = Scorer(problem, judges_of(problem), objectives=problem.objectives)


def trained(job: Job) -> Row:
    """Trains a model, scores it, and probes its latent spaces."""
    scorer, start = _scorers[job.problem], time.perf_counter()
    problem = scorer.problem
    module = compile(graph_of(BY_CODE[job.contender], problem.description, job.beta), seed=job.seed)
    made = fit(
        module,
        problem.train.inputs,
        problem.train.truths,
        weights={**problem.weights, **masks(problem, job.labels, job.seed)},
        steps=max(1, round(job.samples / BATCH)),
        batch=BATCH,
        learning_rate=RATE,
        decay=DECAY,
        seed=job.seed,
    )
    row: Row = {
        "fingerprint": problem.fingerprint,
        "objectives": list(problem.objectives),
        "failure": made.failure,
        "parameters": module.parameter_count,
        "validation": {},
        "test": {},
        "probes": {},
    }
    if made.failure is None:
        row["validation"] = scorer.score(module, problem.validation)
        row["test"] = scorer.score(module, problem.test)
        codes = codes_of(module, problem.train), codes_of(module, problem.test)
        rows = labelled_rows(next(iter(masks(problem, job.labels, job.seed).values()), None), len(problem.train))
        row["probes"] = {f"latent space of {name}": found for name, found in probed(problem, *codes, rows).items()}
        if job.seed == 0:
            size = max(one.shape[1] for one in codes[0].values())
            row["probes"] |= probed(problem, *controls(problem, size), rows)
    return row | {"seconds": time.perf_counter() - start}


def masks(problem: Problem, labels: int, seed: int) -> dict[str, torch.Tensor]:
    """Weights that take the labels of all but some rows from the tasks other than samples; none if `labels` is 0."""
    if not labels:
        return {}
    rows = len(problem.train)
    kept = torch.zeros(rows)
    kept[torch.randperm(rows, generator=torch.Generator().manual_seed(seed))[:labels]] = 1
    return {one.name: kept for one in problem.outputs if one.unit.type is not DataType.SAMPLES}


def write(plan: Plan, base: Path) -> None:
    """Writes the page and its figures."""
    document = plan.document()
    base.parent.mkdir(parents=True, exist_ok=True)
    write_text(base.with_name(f"{base.name}.json"), json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    write_text(base.with_name(f"{base.name}.md"), page(document, base.with_name(f"{base.name}.md")))


if __name__ == "__main__":
    main()
