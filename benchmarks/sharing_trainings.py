"""The trainings of the comparison: what is left to train, the file of the finished ones, and the processes.

For each contender and number of samples, seed 0 is trained with each decay. The better one on the validation split is
used for the other seeds. Each model of a contender has its own decay.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.sharing_contenders import Contender, Part
from benchmarks.worker_pool import work_off
from valp.errors import ValpError
from valp.files import write_text
from valp.plan.plan import Protocol
from valp.search.engine.evaluate import train
from valp.search.show.display import duration
from valp.spaces.candidate import Candidate
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.metrics import Metric
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

DECAYS = (0.0, 0.3)
"""The shares of the steps, at the end, over which the learning rate falls to 0."""

PUBLISHED = 25
"""The number of trainings after which the page is written again."""

Row = dict[str, Any]
"""A finished training: its scores on both splits, parameters, CPU seconds of training, and why it failed."""


@dataclass(frozen=True)
class Job:
    """A training: a model of a contender with a number of samples, a decay and a seed."""

    contender: str
    part: Part
    samples: int
    decay: float
    seed: int

    @property
    def key(self) -> str:
        """Its name in the file."""
        return f"{self.contender}/{self.part.name}/{self.samples}/{self.decay:g}/{self.seed}"

    @property
    def title(self) -> str:
        """Its name in a progress line."""
        name = self.contender if self.part.name == self.contender else f"{self.contender} {self.part.name}"
        return f"{name}, {self.samples:,} samples, decay {self.decay:g}, seed {self.seed}"

    def candidate(self, rows: int) -> Candidate:
        """The candidate to train, on a training split with this many rows."""
        training = self.part.candidate.training
        batch = min(training.batch, rows)
        steps = max(1, round(self.samples / batch))
        update = {"batch": batch, "steps": steps, "decay": self.decay, "seed": self.seed}
        return self.part.candidate.model_copy(update={"training": training.model_copy(update=update)})


@dataclass
class Store:
    """The finished trainings, in a JSON file. A training is used again only if its candidate is still the same.

    Attributes:
        file: the file.
        problem: the problem, whose fingerprint the file has.
        rows: the trainings.
    """

    file: Path
    problem: Problem
    rows: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.file.is_file():
            kept = json.loads(self.file.read_text())
            if kept["fingerprint"] == self.problem.fingerprint:
                self.rows = kept["trainings"]

    def candidate(self, job: Job) -> Candidate:
        """The candidate of a training."""
        return job.candidate(len(self.problem.train))

    def __call__(self, job: Job) -> Row | None:
        """The finished training; None if it is not finished."""
        row = self.rows.get(job.key)
        return row if row is not None and row["candidate"] == job.part.digest else None

    @property
    def samples(self) -> set[int]:
        """The numbers of samples of the trainings."""
        return {int(key.split("/")[2]) for key in self.rows}

    def add(self, job: Job, row: Row) -> None:
        """Adds a training and writes the file."""
        self.rows[job.key] = {"candidate": job.part.digest, **row}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        document = {"fingerprint": self.problem.fingerprint, "trainings": self.rows}
        write_text(self.file, json.dumps(document, indent=1))


def loss_of(metric: Metric, row: Row, split: str) -> float:
    """A score as a loss, lower is better. A model without it, also a failed one, counts as one without learning."""
    value = metric.ranked(row[split].get(metric.name))
    return inf if value is None else metric.score.loss(value)


def better_decay(rows: Mapping[float, Row], metrics: Sequence[Metric]) -> float:
    """The decay with the better validation scores.

    With several scores it is the one that is better in more of them; if that is equal, in the first that differs.
    """
    without, falling = DECAYS
    losses = [[loss_of(metric, rows[decay], "validation") for decay in DECAYS] for metric in metrics]
    votes = [(plain > fallen) - (plain < fallen) for plain, fallen in losses]
    total = sum(votes) or next((vote for vote in votes if vote), 0)
    return falling if total > 0 else without


@dataclass(frozen=True)
class Plan:
    """All trainings that are wanted.

    Attributes:
        contenders: the contenders.
        samples: the numbers of samples.
        seeds: the number of seeds.
        metrics: the objectives by name.
        store: the finished trainings.
    """

    contenders: Sequence[Contender]
    samples: Sequence[int]
    seeds: int
    metrics: Mapping[str, Metric]
    store: Store

    def metrics_of(self, part: Part) -> list[Metric]:
        """The objectives of the outputs of a model."""
        return [metric for metric in self.metrics.values() if metric.output in part.outputs]

    def decay(self, contender: Contender, part: Part, samples: int) -> float | None:
        """The decay of a model; None as long as it is not decided."""
        rows = {decay: self.store(Job(contender.code, part, samples, decay, 0)) for decay in DECAYS}
        done = {decay: row for decay, row in rows.items() if row is not None}
        return better_decay(done, self.metrics_of(part)) if len(done) == len(DECAYS) else None

    def trainings(self, contender: Contender, part: Part, samples: int) -> list[Row] | None:
        """The trainings of a model with each seed; None if some are missing."""
        decay = self.decay(contender, part, samples)
        if decay is None:
            return None
        rows = [self.store(Job(contender.code, part, samples, decay, seed)) for seed in range(self.seeds)]
        done = [row for row in rows if row is not None]
        return done if len(done) == len(rows) else None

    def left(self) -> Iterator[Job]:
        """The trainings that can start now, few samples first. Others may follow when these are finished."""
        for samples, contender, part in self._models():
            first = [Job(contender.code, part, samples, decay, 0) for decay in DECAYS]
            undecided = [job for job in first if self.store(job) is None]
            yield from undecided
            decay = self.decay(contender, part, samples)
            if decay is not None:
                others = (Job(contender.code, part, samples, decay, seed) for seed in range(1, self.seeds))
                yield from (job for job in others if self.store(job) is None)

    def costs(self) -> tuple[int, int, float | None]:
        """The number of finished trainings, of all, and the estimated seconds of the others on one core.

        A model without a finished training takes as long for each sample as the mean of the others.
        """
        wanted = len(DECAYS) + self.seeds - 1
        done = total = 0
        missing: dict[str, int] = {}
        rates: dict[str, float] = {}
        for samples, contender, part in self._models():
            finished = self._finished(contender, part, samples)
            model = f"{contender.code}/{part.name}"
            done, total = done + len(finished), total + wanted
            missing[model] = missing.get(model, 0) + samples * (wanted - len(finished))
            if finished:
                rates[model] = mean(row["wall"] for row in finished) / samples
        if not rates:
            return done, total, None
        usual = mean(rates.values())
        return done, total, sum(count * rates.get(model, usual) for model, count in missing.items())

    def _finished(self, contender: Contender, part: Part, samples: int) -> list[Row]:
        jobs = [Job(contender.code, part, samples, decay, 0) for decay in DECAYS]
        decay = self.decay(contender, part, samples)
        if decay is not None:
            jobs += [Job(contender.code, part, samples, decay, seed) for seed in range(1, self.seeds)]
        return [row for row in map(self.store, jobs) if row is not None]

    def _models(self) -> Iterator[tuple[int, Contender, Part]]:
        for samples in self.samples:
            for contender in self.contenders:
                for part in contender.parts:
                    yield samples, contender, part


_scorers: list[Scorer] = []
"""The scorer of this process, made when it starts."""


def prepare(problem: str, protocol: Protocol) -> None:
    """Loads a problem and its judges into this process."""
    one_thread()
    loaded = load_problem(problem, lambda _: None)
    _scorers[:] = [Scorer(loaded, judges_of(loaded), protocol, objectives=loaded.objectives)]


def trained(candidate: Candidate) -> Row:
    """Trains a candidate from scratch and scores it on the validation and test split."""
    start = time.perf_counter()
    (scorer,) = _scorers
    row: Row = {"parameters": 0, "samples": 0, "seconds": 0.0, "validation": {}, "test": {}, "errors": {}}
    try:
        before = time.process_time()
        module, fit = train(candidate, scorer)
        seconds = time.process_time() - before  # other processes affect CPU time least
        row |= {"parameters": module.parameter_count, "samples": fit.samples_seen, "seconds": seconds}
        row["failure"] = fit.failure
        if fit.failure is None:
            row["validation"] = scorer.score(module, scorer.problem.validation)
            row["test"], row["errors"] = scorer.score_with_errors(module, scorer.problem.test)
    except ValpError as error:
        row["failure"] = str(error)
    return row | {"wall": time.perf_counter() - start}


def train_all(
    plan: Plan,
    problem: str,
    protocol: Protocol,
    workers: int,
    say: Callable[[str], object],
    publish: Callable[[], object],
) -> None:
    """Trains what is left in processes of one thread each, and saves each training as soon as it is finished.

    Args:
        plan: what is wanted.
        problem: the name of the problem, or the path of its TOML file.
        protocol: how predictions are scored.
        workers: the number of processes. 0 trains in this process.
        say: gets a line for each finished training.
        publish: is called from time to time, when some trainings are finished.
    """

    def finish(job: Job, row: Row) -> None:
        plan.store.add(job, row)
        done, total, left = plan.costs()
        until = "" if left is None or done == total else f", {duration(left / max(1, workers))} left"
        names = [metric.name for metric in plan.metrics_of(job.part)]
        scores = row["failure"] or "  ".join(f"{n} {row['test'][n]:.4g}" for n in names if n in row["test"])
        say(f"[{done}/{total}{until}] {job.title}: {scores} ({row['wall']:.0f} s)")
        if done % PUBLISHED == 0:
            publish()

    work_off(
        plan.left, lambda job: (plan.store.candidate(job),), trained, finish, workers, prepare, (problem, protocol)
    )
