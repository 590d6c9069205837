"""The driver of a search: proposes candidates, hands them out as jobs, and writes the ledger."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

from valp.errors import SearchError, ValpError
from valp.graph.graph import Graph
from valp.search.engine.display import Display
from valp.search.engine.failures import failed_job
from valp.search.engine.fault import ATTEMPTS, Failure, Fault
from valp.search.engine.finished_candidates import FinishedCandidates
from valp.search.engine.fit_baseline import fit_missing
from valp.search.engine.job import Job
from valp.search.engine.network_baselines import NetworkBaselines
from valp.search.engine.proposer import Proposer
from valp.search.engine.rungs import Rungs, rungs_of
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
    tell_unfinished,
    tell_waiting,
)
from valp.search.engine.time_profile import TimeProfile
from valp.search.run.candidate_folders import CandidateFolders
from valp.search.run.claims import Claims, OnlyDriver
from valp.search.run.folder import Folder, finished_result, read_result
from valp.search.run.ledger import Ledger
from valp.search.run.outcome import Outcome, write_outcome
from valp.search.run.result import Result
from valp.search.run.settings import Settings
from valp.spaces.candidate import Candidate
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer

PAUSE = 1.0
"""The seconds between two looks at whether a driver has died."""


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
    claims: Claims | None = None
    """What this driver may train; everything by default."""
    folders: CandidateFolders | None = None
    """The candidates' folders; by default those of the run's folder alone."""
    queue: deque[Job] = field(default_factory=deque)
    deadline: float | None = None
    paced: bool = False
    """Whether a candidate of this session has begun; the time left is estimated from then on."""
    stopped: ValpError | None = None
    """The error that ends the search early."""
    left: int = 0
    """The jobs that stopped because the time is over. The next session trains them."""
    busy: float = 0.0
    profile: TimeProfile = field(default_factory=TimeProfile)
    training: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The parents of the candidates that are queued or in training, by candidate."""

    def __post_init__(self) -> None:
        self._claims: Claims = self.claims or OnlyDriver(self.ledger)
        self._folders = self.folders or CandidateFolders(self.folder)
        self._proposer = Proposer(self.problem, self.settings, self.ledger, self._claims, self.total, self.start_from)
        self.status = Status(self.folder.name, self.ledger.objectives, self.total, self.workers)
        keep_all = self.settings.keep == "all"
        self._finished = FinishedCandidates(self._folders, self.ledger, self._claims, self.status, keep_all=keep_all)
        self._rungs = Rungs(self.ledger)
        self._baselines = NetworkBaselines(
            self.folder, self.settings, self.ledger, self._claims, self._proposer.question
        )

    def recover(self) -> None:
        """Records what earlier sessions finished, and queues what they left unfinished."""
        recovered = [(number, self._resumed(number)) for number in self._claims.unfinished()]
        self._finished.count_all()
        for number, result in recovered:
            if result is not None:
                tell_end(self.events, number, result, self.status.front, recovered=True)
        self.drop_weights()  # the last session may have been killed before it did this
        waiting = self._baselines.waiting()
        self.queue.extendleft(reversed(waiting))
        tell_waiting(self.events, len(waiting))
        self.status.baselines = self._baselines.scores()

    def fit_baselines(self, scorer: Scorer) -> None:
        """Fits the baselines that need no graph, unless an earlier session did or the deadline has passed.

        Shows a line for each.
        """
        fit_missing(scorer, self.settings.baselines, self.ledger, self.events, self.is_late, self._claims.claim)
        self.status.baselines = self._baselines.scores()
        for row in self._baselines.scores().rows():
            self.display.say(f"{row.title}: {self._baselines.text(row.scores)}")

    def add_longer_baselines(self) -> None:
        """At the end of a search with tuned networks, queues the best ones again to train them longer."""
        if self.is_unfinished or self.stopped is not None or self.settings.baselines != "tuned":
            return
        others = self._claims.shared and (self._baselines.untried() or self.ledger.running())
        if not others:
            waiting = self._baselines.longer()
            self.queue.extend(waiting)
            tell_waiting(self.events, len(waiting))

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
        return bool(self.queue) or self._claims.asked < self.total or self._claims.free > 0 or self.left > 0

    def has_more(self) -> bool:
        """As `has_work`, at the end of a session. Takes over what drivers that died have left to train.

        Waits, for some seconds, while it is not clear whether one has died.
        """
        while not self.has_work():
            if self.stopped is not None or self.is_late() or not self._claims.shared:
                return False
            doubt = self._claims.in_doubt()
            self.queue.extend(job for job in self._baselines.untried() if self._baselines.takes(job))
            if not (doubt or self.has_work()):
                return False
            if not self.has_work():
                time.sleep(PAUSE)
        return True

    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def next(self) -> Job | None:
        """The next job; None if nothing is left, the deadline has passed, or the search is stopped."""
        if not self.has_work():
            return None
        try:
            job = self._queued() or self._taken() or self._new()
        except SearchError as error:
            self.stop(error)
            return None
        if job is None:
            return None
        if job.number is not None and not self.paced:
            self.status.started, self.paced = (time.monotonic(), self.status.ended), True
        self.status.begin(job.title, job.candidate.parents)
        tell_start(self.events, job)
        self.display.show(self.status)
        return job

    def _queued(self) -> Job | None:
        """The next job of the queue; None if it is empty. What other drivers train or have trained is left out."""
        while self.queue:
            job = self.queue.popleft()
            if self._takes(job):
                return job
            self.training.pop(-1 if job.number is None else job.number, None)
        return None

    def _takes(self, job: Job) -> bool:
        """Whether a job is this driver's to train."""
        return self._claims.holds(job.number) if job.number is not None else self._baselines.takes(job)

    def _taken(self) -> Job | None:
        """A job that a driver that died has left; None if there is none."""
        while (number := self._claims.take()) is not None:
            result = self._resumed(number)
            if result is None:
                return self.queue.pop()
            self._finished.count_all()
            tell_end(self.events, number, result, self.status.front, recovered=True)
        return None

    def _resumed(self, number: int) -> Result | None:
        """The result of an unfinished candidate whose folder is complete. Any other candidate is queued: None."""
        candidate = self._proposer.recorded(number)
        result = self._folders.finished(number, candidate)
        if result is not None:
            self.ledger.restore(number, self._folders.attributes(number))
        told = None if result is None else self._tell(number, result)
        if told is None:
            self.queue.append(self._job(number, candidate))
            self.training[number] = candidate.parents
        return told

    def _new(self) -> Job | None:
        """The job of a new candidate; None if all candidates have a number."""
        proposed = self._proposer.new()
        if proposed is None:
            return None
        number, candidate = proposed
        self.training[number] = candidate.parents
        tell_proposal(self.events, number, candidate)
        return self._job(number, candidate)

    def keep(self, job: Job, outcome: Outcome) -> None:
        """Writes the folder of a job. From then on a final result counts, whatever happens to its worker.

        Nothing is written if another driver has taken the candidate over.

        Raises:
            FileError: if it cannot be written.
        """
        if job.number is None or self._claims.holds(job.number):
            write_outcome(job.path, job.candidate, outcome)

    def goes_on(self, job: Job, steps: int) -> bool:
        """Whether a candidate that has reached a rung continues."""
        result = read_result(job.path)
        if job.number is None:
            return True
        if not self._claims.holds(job.number):
            return False
        if result is None:
            return True
        below = len(job.rungs) - job.rungs.index(steps)  # does not depend on the batch size, as the steps do
        goes = self._rungs.goes_on(job.number, below, result.scores)
        tell_rung(self.events, job.number, steps, result, goes_on=goes)
        return goes

    def end(self, job: Job, failure: Failure | None = None) -> None:
        """Records a finished job, or hands it out again if it ended by nobody's fault.

        A folder that is complete counts, whatever happened to its worker afterwards. After the deadline nothing is
        handed out again: the job stays unfinished.
        """
        self.status.end(job.title)
        if job.number is not None and not self._claims.holds(job.number):
            self._lost(job, job.number)
            return
        final = True
        result = read_result(job.path) if failure is None else finished_result(job.path, job.candidate)
        if result is None:
            failure = failure or Failure(Fault.WORKER, f"{job.path} has no result that can be read")
            tell_loss(self.events, job, failure)
            if failure.ends_search is not None:
                tell_unfinished(self.events, job, failure.reason)
                self.stop(failure.ends_search)
                return
            if failure.fault is Fault.TIME and not self.is_late():
                self.display.say(f"{job.title} ended because the time is over by its worker's clock: the session ends")
                self.deadline = -inf
            if failure.fault is not Fault.CANDIDATE and self.is_late():
                tell_unfinished(self.events, job, failure.reason)
                self.left += 1
                return
            again = self._again(job, failure)
            if again is not None:
                tell_retry(self.events, job, again, failure.reason)
                self.queue.appendleft(again)
                return
            result, final = failed_job(job, failure), failure.fault is Fault.CANDIDATE
            if job.number is not None:
                self.keep(job, Outcome(result))
        self.busy += sum(result.seconds)
        if job.output is not None:
            if final:  # else the next session trains it
                self._folders.share(job.path)
                self.ledger.tell_baseline(job.output, job.code, result)
            tell_baseline(self.events, job.title, job.output, job.code, result, recorded=final)
            self.status.baselines = self._baselines.scores()
            self.display.say(f"{job.title}: {result.failure or self._baselines.text(result.scores, job.output)}")
            return
        if job.number is None:
            raise AssertionError("a job is a candidate or a baseline")
        told = self._tell(job.number, result)
        if told is None:
            self._lost(job, job.number)
            return
        self.training.pop(job.number, None)
        self._finished.count(job.number, told)
        tell_end(self.events, job.number, told, self.status.front)
        self.drop_weights()
        self.display.show(self.status, (job.number, told))

    def _tell(self, number: int, result: Result) -> Result | None:
        """Records a final result, first in the folder of the candidate and then in the ledger.

        Not if another driver has taken the candidate over: None.
        """

        def record() -> Result:
            self._folders.record(self.ledger.trial(number))
            return self.ledger.tell(number, result)

        return self._claims.tell(number, record)

    def _lost(self, job: Job, number: int) -> None:
        """Another driver has taken this one for dead, and trains its candidate or has trained it."""
        self.training.pop(number, None)
        reason = "it is another driver's now, because this one had lost its connection"
        tell_unfinished(self.events, job, reason)
        self.display.say(f"the result of {job.title} is not used: {reason}")
        self._folders.give_back(self.ledger.trial(number))

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

    def spent(self, seconds: Mapping[str, float], *, ended: bool) -> None:
        """Adds a worker's seconds to the time profile; `ended` says whether a job has finished with them."""
        self.profile.take(seconds, ended=ended)

    def stop(self, error: ValpError) -> None:
        """Stops handing out jobs. The first error is kept."""
        self.stopped = self.stopped or error

    def _job(self, number: int, candidate: Candidate) -> Job:
        """The job that trains a candidate, with rungs if the search uses halving."""
        rungs = rungs_of(candidate.training.steps) if self.settings.halving else ()
        return Job(candidate, self._folders.with_parents(number, candidate), rungs, number=number)

    def drop_weights(self, *, wait: bool = False) -> None:
        """Deletes the weights that are no longer needed; see `FinishedCandidates.drop_weights`."""
        self._finished.drop_weights(self._proposer.strategy, self.training.values(), wait=wait)
