"""The driver: proposes, has candidates trained by Ray Tune, and writes the ledger."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ray import tune

from search.alone import train_alone
from search.display import Display, LineDisplay, Status, duration
from search.folder import CANDIDATE, Folder, drop_weights, keep_journal, read_result, write_candidate
from search.front import Front, losses
from search.halving import Halving, goes_on, rungs_of
from search.ledger import Ledger
from search.lock import locked
from search.profile import Profile
from search.ray_session import ray_for
from search.result import Result
from search.scratch import scratch
from search.settings import Settings, read_settings, write_settings
from search.strategies import STRATEGIES, Question
from search.strategies.seeded import Seeded
from search.tuner import LedgerSearcher, tuner
from search.worker import CandidateTrainable
from spaces.baselines import baselines
from spaces.candidate import Candidate, Training
from spaces.judging import judges_of
from spaces.problem import Problem
from spaces.scoring import Scorer
from spaces.space import space_of
from valp.errors import FileError
from valp.files import write_text
from valp.fit import ready
from valp.graph import Graph
from valp.keys import content_key


@dataclass(frozen=True)
class Job:
    """Something for a worker to train: a candidate of the run, or the single-task model of an output."""

    candidate: Candidate
    path: Path
    number: int | None = None
    output: str | None = None

    @property
    def title(self) -> str:
        """What it is."""
        return f"candidate {self.number}" if self.output is None else f"single-task {self.output}"


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
        workers: candidates trained at once, each on one thread; 0 trains here, one after the other, without Ray.
        profile: whether the display is told at the end where the workers' time went.
        display: shows the progress; lines on stderr by default.

    Raises:
        SettingError: if the settings differ from the run's, or another driver is at work on it.
        FileError: if the folder cannot be written.
    """
    shown = display or LineDisplay()
    with locked(folder):
        keep_journal(folder)
        if folder.exists():
            read_settings(folder.settings).require_same(settings, folder.name)
        else:
            write_text(folder.problem, problem.description.model_dump_json(indent=1))
            write_settings(settings, folder.settings)
        metrics = {name: problem.metrics[name][1] for name in settings.objectives}
        ledger = Ledger.create(folder.study, metrics)
        driver = Driver(folder, problem, settings, ledger, shown, candidates, workers, tuple(start_from))
        driver.recover()
        if driver.has_work():
            for remark in problem.remarks:
                shown.say(remark)
            scorer = Scorer(problem, judges_of(problem, shown.say), settings.protocol)
            missing = ready(settings.executor, shown.say)
            if missing is not None:
                shown.say(f"torch trains, several times slower than the native executor, for there is none: {missing}")
            start = time.monotonic()
            deadline = None if hours is None else start + hours * 3600
            if workers == 0:
                train_alone(driver, scorer, deadline)
            else:
                shown.say(f"{folder.name}: starting {workers} workers")
                with ray_for(workers, problem.size_in_bytes):
                    driver.run(scorer, deadline)
            wall = time.monotonic() - start
            share, whose = driver.busy / (max(workers, 1) * wall), f"{workers} workers' time" if workers else "it"
            shown.say(f"{duration(wall)}; {share:.0%} of {whose} went into training and scoring")
            if profile:
                for line in driver.profile.lines(max(workers, 1), wall):
                    shown.say(line)
        shown.close()
        return ledger


@dataclass
class Driver:
    """A search as it runs: what is queued, what is trained, what is kept."""

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
        settings, space = self.settings, space_of(self.settings.space, self.settings.kinds)
        training = Training(steps=settings.steps, batch=settings.batch, decay=space.decay, seed=settings.seed)
        self.question = Question(self.problem, space, training, settings.seed, self.total)
        self.strategy = Seeded(STRATEGIES[settings.strategy], self.start_from)
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
        try:
            with scratch("tune") as folder:
                while self.has_work() and not self.is_late():
                    searcher = LedgerSearcher(self)
                    tuner(trainable, searcher, Halving(searcher.goes_on), self.workers, str(folder)).fit()
                    if self.fatal is not None:
                        raise FileError(self.fatal)
        finally:
            self.display.close()

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
        self.status.begin(job.title, job.candidate.parents)
        self.display.show(self.status)
        return job

    def goes_on(self, job: Job, steps: int) -> bool:
        """Whether a candidate that has reached a rung goes on from there."""
        result = read_result(job.path)
        if job.number is None or result is None:
            return True
        rungs = rungs_of(job.candidate.training.steps)
        below = len(rungs) - rungs.index(steps)  # the same for those whose batches are smaller, and steps more
        return goes_on(self.ledger.reach(job.number, below, result.scores), self.ledger.objectives)

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
        self.status.end(job.title)
        if job.output is not None:
            self.ledger.tell_baseline(job.output, result)
            self._count_baselines()
            self.display.say(f"{job.title}: {_scores(result)}")
            return
        if job.number is None:
            raise AssertionError("a job is a candidate or a baseline")
        self.ledger.tell(job.number, result)
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
        self.status.front = tuple(self.front.members)

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


def _scores(result: Result) -> str:
    return result.failure or "  ".join(f"{name} {value:.4g}" for name, value in result.scores.items())
