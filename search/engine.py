"""The driver: proposes, has candidates trained by Ray Tune, and writes the ledger."""

import shutil
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from optuna.exceptions import OptunaError
from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher
from sqlalchemy.exc import SQLAlchemyError

from search.display import Display, LineDisplay, Status, duration
from search.folder import CANDIDATE, Folder, drop_weights, read_result, write_candidate
from search.front import Front, losses
from search.halving import Halving, goes_on, rungs_of
from search.ledger import Ledger, Result
from search.profile import Profile
from search.ray_session import ray_for
from search.settings import Settings, read_settings, write_settings
from search.strategies import STRATEGIES, Question
from search.strategies.seeded import Seeded
from search.worker import CandidateTrainable, reported
from spaces.baselines import baselines
from spaces.candidate import Candidate, Training
from spaces.judging import judges_of
from spaces.problem import Problem
from spaces.scoring import Scorer
from spaces.space import space_of
from valp.errors import FileError, SettingError, ValpError
from valp.files import write_text
from valp.fit import ready
from valp.graph import Graph
from valp.keys import content_key

CANDIDATES_PER_TUNER = 1000
"""Tune's own bookkeeping grows with its trials, so a long search takes a fresh Tuner from time to time."""


@dataclass(frozen=True)
class Job:
    """Something for a worker to train: a candidate of the run, or the single-task model of an output."""

    candidate: Candidate
    path: Path
    number: int | None = None
    output: str | None = None


def search(
    folder: Folder,
    problem: Problem,
    settings: Settings,
    *,
    start_from: Sequence[Graph] = (),
    candidates: int,
    hours: float | None = None,
    workers: int = 2,
    profile: bool = False,
    display: Display | None = None,
) -> Ledger:
    """Searches until the run has so many candidates, or the hours are over; called again, it goes on.

    Args:
        folder: the run's folder; made if it is not there.
        problem: what to learn.
        settings: of the run; a run that exists must have the same.
        start_from: the graphs whose keys the settings have; the first candidates have them.
        candidates: the number of candidates the run shall have, those of earlier calls included.
        hours: wall time after which no further candidate is begun.
        workers: candidates trained at once, each on one thread.
        profile: whether the display is told at the end where the workers' time went.
        display: shows the progress; lines on stderr by default.

    Raises:
        SettingError: if the settings differ from the run's, or another driver is at work on it.
        FileError: if the folder cannot be written.
    """
    shown = display or LineDisplay()
    with _locked(folder):
        if folder.exists():
            read_settings(folder.settings).require_same(settings, folder.name)
        else:
            write_text(folder.problem, problem.description.model_dump_json(indent=1))
            write_settings(settings, folder.settings)
        metrics = {name: problem.metrics[name][1] for name in settings.objectives}
        ledger = Ledger.create(folder.study, metrics)
        driver = _Driver(folder, problem, settings, ledger, shown, candidates, workers, tuple(start_from))
        driver.recover()
        if driver.has_work():
            for remark in problem.remarks:
                shown.say(remark)
            scorer = Scorer(problem, judges_of(problem, shown.say), settings.protocol)
            missing = ready(settings.executor, shown.say)
            if missing is not None:
                shown.say(f"torch trains, several times slower than the native executor, for there is none: {missing}")
            shown.say(f"{folder.name}: starting {workers} workers")
            start = time.monotonic()
            with ray_for(workers, problem.size_in_bytes):
                driver.run(scorer, None if hours is None else start + hours * 3600)
            wall = time.monotonic() - start
            share = driver.busy / (workers * wall)
            shown.say(f"{duration(wall)}; {share:.0%} of {workers} workers' time went into training and scoring")
            if profile:
                for line in driver.profile.lines(workers, wall):
                    shown.say(line)
        shown.close()
        return ledger


@dataclass
class _Driver:
    folder: Folder
    problem: Problem
    settings: Settings
    ledger: Ledger
    display: Display
    total: int
    workers: int
    start_from: tuple[Graph, ...]
    queue: deque[Job] = field(default_factory=deque)
    front: Front = field(default_factory=Front)
    deadline: float | None = None
    fatal: str | None = None
    busy: float = 0.0
    profile: Profile = field(default_factory=Profile)
    weighted: set[int] = field(default_factory=set)
    """The candidates whose weights are there."""
    training: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The parents of the candidates that are queued or trained."""

    def __post_init__(self) -> None:
        training = Training(steps=self.settings.steps, batch=self.settings.batch, seed=self.settings.seed)
        space = space_of(self.settings.space, self.settings.kinds)
        self.question = Question(self.problem, space, training, self.settings.seed)
        self.strategy = Seeded(STRATEGIES[self.settings.strategy], self.start_from)
        self.status = Status(self.folder.name, self.ledger.objectives, self.total, self.workers)
        self.asked = len(self.ledger.trials())

    def recover(self) -> None:
        """Takes in what earlier sessions finished, and queues what they left."""
        for trial in self.ledger.trials():
            if trial.state.is_finished():
                continue
            path = self.folder.candidate(trial.number)
            result = read_result(path) if "candidate" in trial.user_attrs else None
            if result is not None and (result.complete or result.failure):
                self.ledger.tell(trial.number, result)
                continue
            if "candidate" not in trial.user_attrs:
                again = self.ledger.again(trial, self.strategy.sampler(self.settings.seed, trial.number))
                self.ledger.propose(again, self.strategy.propose(self.question, self.ledger, again))
            candidate = self.ledger.entry(trial.number).candidate
            self.queue.append(Job(candidate, path, number=trial.number))
            self.training[trial.number] = candidate.parents
        for entry in self.ledger.entries():
            if entry.result is not None:
                self._count(entry.number, entry.result)
        self._drop()  # the last session may have been killed before it
        told = self.ledger.baselines
        for output, candidate in reversed(baselines(self.problem, self.question.training).items()):
            if output not in told:
                self.queue.appendleft(Job(candidate, self.folder.baseline(output), output=output))
        self._count_baselines()

    def has_work(self) -> bool:
        """Whether anything is left to train."""
        return bool(self.queue) or self.asked < self.total

    def run(self, scorer: Scorer, deadline: float | None) -> None:
        """Trains what is left."""
        self.deadline = deadline
        self.status.started = (time.monotonic(), self.status.ended)
        trainable = tune.with_parameters(
            CandidateTrainable, scorer=scorer, executor=self.settings.executor, begun=time.time()
        )
        scratch = tempfile.mkdtemp(prefix="valp-tune-")
        try:
            while self.has_work() and not self.is_late():
                searcher = _LedgerSearcher(self)
                _tuner(trainable, searcher, Halving(searcher.goes_on), self.workers, scratch).fit()
                if self.fatal is not None:
                    raise FileError(self.fatal)
        finally:
            self.display.close()
            shutil.rmtree(scratch, ignore_errors=True)

    def is_late(self) -> bool:
        """Whether the hours are over."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def next(self) -> Job | None:
        """The next thing to train; None if there is none, no time, or no sense in it."""
        if self.is_late() or self.fatal is not None:
            return None
        if self.queue:
            job = self.queue.popleft()
        elif self.asked < self.total:
            number = self.asked
            trial = self.ledger.ask(self.strategy.sampler(self.settings.seed, number))
            self.asked += 1
            candidate = self.strategy.propose(self.question, self.ledger, trial)
            self.ledger.propose(trial, candidate)
            self.training[number] = candidate.parents
            job = Job(candidate, self.folder.candidate(number), number=number)
        else:
            return None
        self.status.running += job.number is not None
        self.display.show(self.status)
        return job

    def goes_on(self, job: Job, steps: int) -> bool:
        """Whether a candidate that has reached a rung goes on from there."""
        result = read_result(job.path)
        if job.number is None or result is None:
            return True
        return goes_on(self.ledger.reach(job.number, steps, result.scores), self.ledger.objectives)

    def end(self, job: Job, error: bool) -> None:
        """Records a job that has ended: its folder is complete, or its worker died."""
        result = None if error else read_result(job.path)
        if result is None:
            result = Result(
                {},
                0,
                content_key(job.candidate.graph),
                0,
                (0.0, 0.0),
                "its worker died, as it does when memory runs out",
            )
            if not (job.path / CANDIDATE).exists():
                write_candidate(job.path, job.candidate)
        self.busy += sum(result.seconds)
        if job.output is not None:
            self.ledger.tell_baseline(job.output, result)
            self._count_baselines()
            self.display.say(f"single-task {job.output}: {_scores(result)}")
            return
        if job.number is None:
            raise AssertionError("a job is a candidate or a baseline")
        self.ledger.tell(job.number, result)
        self.status.running -= 1
        self.training.pop(job.number, None)
        self._count(job.number, result)
        self._drop()
        self.display.show(self.status, (job.number, result))

    def _count(self, number: int, result: Result) -> None:
        """Counts a candidate that has ended."""
        self.status.take(number, result)
        if result.failure is not None:
            return
        self.weighted.add(number)
        if not result.complete:
            return
        metrics = self.ledger.objectives
        point = losses([[result.scores[name] for name in metrics]], list(metrics.values()))[0]
        self.front.add(number, point)
        self.status.front = len(self.front.members)

    def _drop(self) -> None:
        """Deletes the weights that nobody will ask for, unless all are kept.

        What stays is the front's, what a proposal may inherit, and what a candidate that is trained begins with.
        """
        if self.settings.keep == "all":
            return
        wanted = self.strategy.keeps(self.ledger).union(self.front.members, *self.training.values())
        for number in self.weighted - wanted:
            drop_weights(self.folder.candidate(number))
        self.weighted &= wanted

    def _count_baselines(self) -> None:
        for result in self.ledger.baselines.values():
            self.status.baselines |= {k: v for k, v in result.scores.items() if k in self.ledger.objectives}


class _LedgerSearcher(Searcher):  # type: ignore[misc] # ray ships no types
    """Hands Tune the driver's jobs."""

    def __init__(self, driver: _Driver) -> None:
        super().__init__()
        self.driver = driver
        self._suggested = 0
        self._jobs: dict[str, Job] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its configuration for a restore that is never made; the driver stays in this process.
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """The next job as a Tune config."""
        job = None
        with self._fatal():
            job = self.driver.next() if self._suggested < CANDIDATES_PER_TUNER else None
        if job is None:
            return str(Searcher.FINISHED)
        self._suggested += 1
        self._jobs[trial_id] = job
        rungs = rungs_of(job.candidate.training.steps) if self.driver.settings.halving and job.output is None else ()
        return {
            "candidate": job.candidate.model_dump_json(),
            "folder": str(job.path.resolve()),
            "rungs": ",".join(map(str, rungs)),
        }

    def goes_on(self, trial_id: str, steps: int) -> bool:
        """Whether a trial that has reached a rung goes on; not if the ledger cannot be written."""
        with self._fatal():
            return self.driver.goes_on(self._jobs[trial_id], steps)
        return False

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:  # noqa: ARG002 - Tune's own
        """Counts where the seconds went of a trial that goes on."""
        self.driver.profile.take(reported(result), ended=False)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Records the job."""
        if not error and result is not None and result.get("unwritten"):
            self.driver.fatal = result["unwritten"]
            return
        if not error and result is not None:
            self.driver.profile.take(reported(result))
        with self._fatal():
            self.driver.end(self._jobs.pop(trial_id), error)

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        """A ledger or folder that cannot be written ends the search; what is not told is taken in next time."""
        try:
            yield
        except ValpError as error:
            self.driver.fatal = str(error)
        except (SQLAlchemyError, OptunaError, OSError) as error:
            reason = str(error.__cause__ or error).strip().splitlines()[0]
            self.driver.fatal = f"{self.driver.folder.study} cannot be written: {reason}"

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the ledger is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the ledger is the state."""


def _tuner(
    trainable: type[tune.Trainable], searcher: Searcher, scheduler: TrialScheduler, workers: int, scratch: str
) -> tune.Tuner:
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=scheduler,
            num_samples=-1,
            max_concurrent_trials=workers,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            storage_path=scratch,
            verbose=0,
            log_to_file=False,
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )


@contextmanager
def _locked(folder: Folder) -> Iterator[None]:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"{folder.path} cannot be made: {error.strerror or error}") from error
    lock = FileLock(folder.path / ".lock")
    try:
        with lock.acquire(timeout=0):
            yield
    except Timeout as error:
        raise SettingError(f"run {folder.name!r} is being searched by another process") from error


def _scores(result: Result) -> str:
    return result.failure or "  ".join(f"{name} {value:.4g}" for name, value in result.scores.items())
