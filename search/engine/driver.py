"""The driver of a search: proposes candidates, hands them out as jobs, and writes the ledger."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from optuna.trial import Trial

from valp.errors import FileError, SearchError, ValpError
from valp.graph.graph import Graph
from valp.search.engine.baseline_jobs import longer_jobs, network_jobs
from valp.search.engine.display import Display
from valp.search.engine.fault import ATTEMPTS, Failure, Fault
from valp.search.engine.fit_baseline import fit_missing
from valp.search.engine.job import Job
from valp.search.engine.rungs import goes_on, rungs_of
from valp.search.engine.search_events import Events
from valp.search.engine.status import Status
from valp.search.engine.tell_events import (
    tell_baseline,
    tell_end,
    tell_loss,
    tell_proposal,
    tell_retry,
    tell_rung,
    tell_start,
    tell_waiting,
)
from valp.search.engine.time_profile import TimeProfile
from valp.search.engine.write_failure import failed_result, write_failure
from valp.search.pareto.front import Front, losses, ranked
from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.folder import (
    Folder,
    drop_weights,
    finished_result,
    read_result,
)
from valp.search.run.ledger import Ledger
from valp.search.run.result import Result
from valp.search.run.settings import Settings
from valp.search.run.trial_record import write_record
from valp.search.strategies import STRATEGIES, Question
from valp.search.strategies.start_graphs import Seeded
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import space_of
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer


@dataclass
class Driver:
    """The state of a running search: queued jobs, candidates in training, weights on disk."""

    folder: Folder
    problem: Problem
    settings: Settings
    ledger: Ledger
    display: Display
    total: int
    workers: int
    start_from: tuple[Graph, ...]
    events: Events = field(default_factory=Events)
    queue: deque[Job] = field(default_factory=deque)
    front: Front = field(default_factory=Front)
    deadline: float | None = None
    paced: bool = False
    """Whether a candidate of this session has begun; the time left is estimated from then on."""
    stopped: ValpError | None = None
    """The error that ends the search early."""
    left: int = 0
    """The jobs that stopped because the time is over. The next session trains them."""
    busy: float = 0.0
    profile: TimeProfile = field(default_factory=TimeProfile)
    weighted: set[int] = field(default_factory=set)
    """The candidates whose weights are on disk."""
    training: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The parents of the candidates that are queued or in training, by candidate."""

    def __post_init__(self) -> None:
        settings = self.settings
        space = replace(space_of(settings.space, settings.kinds, settings.balance), priors=settings.priors)
        training = Training(steps=settings.steps, batch=settings.batch, decay=space.decay, seed=settings.seed)
        self.question = Question(self.problem, space, training, settings.seed, self.total)
        self.strategy = Seeded(STRATEGIES[settings.strategy], self.start_from)
        self.status = Status(self.folder.name, self.ledger.objectives, self.total, self.workers)
        self.asked = len(self.ledger.trials())

    def recover(self) -> None:
        """Records what earlier sessions finished, and queues what they left unfinished."""
        recovered: list[tuple[int, Result]] = []
        for trial in self.ledger.trials():
            if trial.state.is_finished():
                continue
            if "candidate" not in trial.user_attrs:
                again = self.ledger.again(trial, self.strategy.sampler(self.settings.seed, trial.number))
                self.ledger.propose(again, self._proposed(again))
            candidate = self.ledger.entry(trial.number).candidate
            result = finished_result(self.folder.candidate(trial.number), candidate)
            if result is not None:
                recovered.append((trial.number, self._tell(trial.number, result)))
                continue
            self.queue.append(self._job(trial.number, candidate))
            self.training[trial.number] = candidate.parents
        for entry in self.ledger.entries():
            if entry.result is not None:
                self._count(entry.number, entry.result)
        for number, result in recovered:
            tell_end(self.events, number, result, self.status.front, recovered=True)
        self._drop()  # the last session may have been killed before it did this
        jobs = network_jobs(self.folder, self.question, self.settings.baselines, self._baseline_scores())
        waiting = [*self._unfinished(jobs)]
        self.queue.extendleft(reversed(waiting))
        tell_waiting(self.events, len(waiting))
        self._count_baselines()

    def fit_baselines(self, scorer: Scorer) -> None:
        """Fits the baselines that need no graph, unless an earlier session did or the deadline has passed.

        Shows a line for each.
        """
        fit_missing(scorer, self.settings.baselines, self.ledger, self.events, self.is_late)
        self._count_baselines()
        for row in self._baseline_scores().rows():
            self.display.say(f"{row.title}: {self._objectives_of(row.scores)}")

    def add_longer_baselines(self) -> None:
        """At the end of a search with tuned networks, queues the best ones again to train them longer."""
        ended = self.asked >= self.total and not self.queue and self.stopped is None
        if ended and self.settings.baselines == "tuned":
            jobs = longer_jobs(self.folder, self.question, self.ledger.front(), self._baseline_scores())
            waiting = [*self._unfinished(jobs)]
            self.queue.extend(waiting)
            tell_waiting(self.events, len(waiting))

    def _unfinished(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """The single-task networks among `jobs` that are to be trained. Finished folders are recorded instead."""
        for job in jobs:
            result = finished_result(job.path, job.candidate)
            if result is None or job.output is None:
                yield job
            else:
                self.ledger.tell_baseline(job.output, job.code, result)

    def begin(self, deadline: float | None) -> None:
        """Starts a session. No job is handed out after the deadline, a value of `time.monotonic()`."""
        self.deadline = deadline
        self.status.started = (time.monotonic(), self.status.ended)

    def has_work(self) -> bool:
        """Whether a job can still be handed out: something is left to train, in time, and the search is not stopped."""
        return self.stopped is None and not self.is_late() and self.is_unfinished

    @property
    def is_unfinished(self) -> bool:
        """Whether something is left to train, in this session or the next."""
        return bool(self.queue) or self.asked < self.total or self.left > 0

    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def next(self) -> Job | None:
        """The next job; None if nothing is left, the deadline has passed, or the search is stopped."""
        if not self.has_work():
            return None
        if self.queue:
            job = self.queue.popleft()
        else:
            number = self.asked
            trial = self.ledger.ask(self.strategy.sampler(self.settings.seed, number))
            self.asked += 1
            try:
                candidate = self._proposed(trial)
            except SearchError as error:
                self.stop(error)
                return None
            self.ledger.propose(trial, candidate)
            self.training[number] = candidate.parents
            tell_proposal(self.events, number, candidate)
            job = self._job(number, candidate)
        if job.number is not None and not self.paced:
            self.status.started, self.paced = (time.monotonic(), self.status.ended), True
        self.status.begin(job.title, job.candidate.parents)
        tell_start(self.events, job)
        self.display.show(self.status)
        return job

    def _proposed(self, trial: Trial) -> Candidate:
        """The strategy's candidate for a trial.

        Raises:
            SearchError: if the strategy, which may be of another package, raises anything.
        """
        try:
            return self.strategy.propose(self.question, self.ledger, trial)
        except FileError:  # not the strategy's fault
            raise
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else "no reason given"
            raise SearchError(
                f"strategy {self.settings.strategy!r} cannot propose candidate {trial.number}: "
                f"{type(error).__name__}: {reason}"
            ) from error

    def goes_on(self, job: Job, steps: int) -> bool:
        """Whether a candidate that has reached a rung continues."""
        result = read_result(job.path)
        if job.number is None or result is None:
            return True
        below = len(job.rungs) - job.rungs.index(steps)  # does not depend on the batch size, as the steps do
        goes = goes_on(self.ledger.reach(job.number, below, result.scores), self.ledger.objectives)
        tell_rung(self.events, job.number, steps, result, goes_on=goes)
        return goes

    def end(self, job: Job, failure: Failure | None = None) -> None:
        """Records a finished job, or hands it out again if it ended by nobody's fault.

        A folder that is complete counts, whatever happened to its worker afterwards. After the deadline nothing is
        handed out again: the job stays unfinished.
        """
        self.status.end(job.title)
        final = True
        result = read_result(job.path) if failure is None else finished_result(job.path, job.candidate)
        if result is None:
            failure = failure or Failure(Fault.WORKER, f"{job.path} has no result that can be read")
            tell_loss(self.events, job, failure)
            if failure.ends_search is not None:
                self.stop(failure.ends_search)
                return
            if failure.fault is not Fault.CANDIDATE and self.is_late():
                self.left += 1
                return
            again = self._again(job, failure)
            if again is not None:
                tell_retry(self.events, job, again, failure.reason)
                self.queue.appendleft(again)
                return
            result, final = self._failed(job, failure), failure.fault is Fault.CANDIDATE
        self.busy += sum(result.seconds)
        if job.output is not None:
            if final:  # else the next session trains it
                self.ledger.tell_baseline(job.output, job.code, result)
            tell_baseline(self.events, job.title, job.output, job.code, result, recorded=final)
            self._count_baselines()
            self.display.say(f"{job.title}: {result.failure or self._objectives_of(result.scores, job.output)}")
            return
        if job.number is None:
            raise AssertionError("a job is a candidate or a baseline")
        result = self._tell(job.number, result)
        self.training.pop(job.number, None)
        self._count(job.number, result)
        tell_end(self.events, job.number, result, self.status.front)
        self._drop()
        self.display.show(self.status, (job.number, result))

    def _tell(self, number: int, result: Result) -> Result:
        """Records a final result, first in the folder of the candidate and then in the ledger."""
        write_record(self.folder.candidate(number), self.ledger.trials()[number])
        return self.ledger.tell(number, result)

    def _again(self, job: Job, failure: Failure) -> Job | None:
        """The next attempt at a job that ended by nobody's fault; None if it is the candidate's, or after the last."""
        if failure.fault is Fault.CANDIDATE:
            return None
        if failure.fault is Fault.PARENT and job.attempt >= ATTEMPTS - 1 and job.number is not None:
            self.display.say(f"{job.title} is trained from scratch, because {failure.reason}")
            self.ledger.change(job.number, job.candidate.from_scratch())
            self.training[job.number] = ()
            return replace(job, attempt=ATTEMPTS, candidate=job.candidate.from_scratch())
        if job.attempt == ATTEMPTS:
            return None
        self.display.say(f"{job.title} is tried again: {failure.reason}")
        return replace(job, attempt=job.attempt + 1)

    def _failed(self, job: Job, failure: Failure) -> Result:
        """The result of a job that has failed. That of a candidate is also written into its folder."""
        last = "" if failure.fault is Fault.CANDIDATE else f"; this was attempt {job.attempt}, the last one"
        reason = f"{failure.reason}{last}"
        result = failed_result(job.candidate, reason, failure.log)
        if job.number is not None:
            write_failure(job.path, job.candidate, result)
        return result

    def spent(self, seconds: Mapping[str, float], *, ended: bool) -> None:
        """Adds a worker's seconds to the time profile; `ended` says whether a job has finished with them."""
        self.profile.take(seconds, ended=ended)

    def stop(self, error: ValpError) -> None:
        """Stops handing out jobs. The first error is kept."""
        self.stopped = self.stopped or error

    def _job(self, number: int, candidate: Candidate) -> Job:
        """The job that trains a candidate, with rungs if the search uses halving."""
        rungs = rungs_of(candidate.training.steps) if self.settings.halving else ()
        return Job(candidate, self.folder.candidate(number), rungs, number=number)

    def _count(self, number: int, result: Result) -> None:
        """Adds a finished candidate to the status and the front."""
        self.status.take(number, result)
        if result.failure is not None:
            return
        self.weighted.add(number)
        if not result.complete:
            return
        values = ranked(result.scores, self.ledger.objectives)
        if values is None:
            raise AssertionError("the ledger records a candidate that cannot be ranked as failed")
        self.front.add(number, losses([values], list(self.ledger.objectives.values()))[0])
        self.status.front = tuple(self.front.members)

    def _drop(self) -> None:
        """Deletes the weights that are no longer needed, unless the run keeps all.

        The needed weights are those of the front, those that a proposal may inherit, and those of the parents of
        candidates in training.
        """
        if self.settings.keep == "all":
            return
        wanted = self.strategy.keeps(self.ledger).union(self.front.members, *self.training.values())
        for number in self.weighted - wanted:
            drop_weights(self.folder.candidate(number))
        self.weighted &= wanted

    def _baseline_scores(self) -> BaselineScores:
        outputs = [output.name for output in self.problem.outputs]
        metrics = self.problem.metrics_with(self.ledger.objectives)
        return BaselineScores(metrics, self.ledger.objectives, outputs, self.ledger.baselines)

    def _objectives_of(self, scores: Mapping[str, float], output: str | None = None) -> str:
        """The objectives as text; if an output is given, only its own and those of the graph."""
        told = {name: metric for name, metric in self.ledger.objectives.items() if name in scores}
        own = {name: one for name, one in told.items() if output is None or one.output in (output, None)}
        return "  ".join(f"{name} {metric.score.text(scores[name])}" for name, metric in own.items())

    def _count_baselines(self) -> None:
        self.status.baselines = self._baseline_scores()
