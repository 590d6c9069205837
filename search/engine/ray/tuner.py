"""A Tune searcher that hands the jobs of a search to Ray Tune, and the Tuner that runs it."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from valp.errors import FileError, ValpError
from valp.search.engine.fault import Failure, Fault, UnreadableParentError, failure_of
from valp.search.engine.job import Job, Jobs
from valp.search.engine.ray.last_words import take_words
from valp.search.engine.ray.parcel import Parcel
from valp.search.engine.ray.parent_store import ParentStore
from valp.search.engine.ray.worker import OUTCOME, reported, told_failure
from valp.search.engine.ray.worker_error import worker_failure
from valp.search.run.outcome import Outcome

CANDIDATES_PER_TUNER = 1000
"""Jobs of one Tuner. Its bookkeeping grows with every trial, so a long search uses several Tuners in turn."""


@dataclass
class Sent:
    """A job that a worker has.

    Attributes:
        job: the job.
        parents: references to the files of its parents.
        key: under this key its worker leaves its last words.
        failure: why it ended without a result.
    """

    job: Job
    parents: Parcel[list[Any]]
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    failure: Failure | None = None


class JobSearcher(Searcher):  # type: ignore[misc] # ray ships no types
    """Hands Tune the jobs of a search, and the search what comes back.

    Args:
        jobs: the search.
        parents: the store of the files that candidates inherit.
    """

    def __init__(self, jobs: Jobs, parents: ParentStore) -> None:
        super().__init__()
        self._search, self._parents = jobs, parents
        self._suggested = 0
        self._running: dict[str, Sent] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its configuration so that it can restore it, which is never done here.
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """The next job as a Tune config, or `Searcher.FINISHED`."""
        sent = None
        with self._stopping():
            sent = self._next() if self._suggested < CANDIDATES_PER_TUNER else None
        if sent is None:
            return str(Searcher.FINISHED)
        self._suggested += 1
        self._running[trial_id] = sent
        return {
            "candidate": sent.job.candidate.model_dump_json(),
            "rungs": ",".join(map(str, sent.job.rungs)),
            "parents": sent.parents,
            "key": sent.key,
        }

    def _next(self) -> Sent | None:
        """The next job whose parents can be read; None if there is none."""
        while (job := self._search.next()) is not None:
            try:
                return Sent(job, Parcel(self._parents.of(job)))
            except UnreadableParentError as error:
                self._search.end(job, failure_of(error))
            except ValpError as error:
                self._search.end(job, failure_of(error))
                raise
        return None

    def goes_on(self, trial_id: str, result: Mapping[str, Any]) -> bool:
        """Whether a trial that has reached a rung continues. False if the run cannot be written: it has failed then."""
        sent = self._running[trial_id]
        self._keep(sent, result)
        if sent.failure is None:
            try:
                return self._search.goes_on(sent.job, result["steps"])
            except ValpError as error:  # nothing is decided: the next session trains it again
                sent.failure = failure_of(error)
            except OSError as error:
                sent.failure = failure_of(_unwritable(error))
        return False

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:  # noqa: ARG002 - Tune's own
        """Adds the seconds of a trial that continues to the time profile."""
        self._search.spent(reported(result), ended=False)

    def failed(self, trial_id: str, error: Exception | None) -> None:
        """Stores the error that ends a trial. Tune tells a searcher only that there was one."""
        if trial_id in self._running:
            self._running[trial_id].failure = worker_failure(error)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Records the finished job."""
        if trial_id not in self._running:
            return
        sent = self._running.pop(trial_id)
        sent.parents.take()
        with self._stopping():
            if error:
                self._lost(sent)
            elif result is not None:
                self._keep(sent, result)
                sent.failure = sent.failure or told_failure(result)
                self._search.spent(reported(result), ended=sent.failure is None)
            if sent.failure is not None and sent.failure.fault is Fault.PARENT:
                self._parents.forget(sent.job)  # the copy may be damaged, not the file
            self._search.end(sent.job, sent.failure)

    def _lost(self, sent: Sent) -> None:
        """Keeps the last words of a worker that has ended, if there are any."""
        words = take_words(sent.key)
        if words is None:
            sent.failure = sent.failure or worker_failure(None)
        else:
            sent.failure = None
            self._write(sent, Outcome(words))

    def _keep(self, sent: Sent, result: Mapping[str, Any]) -> None:
        """Keeps what a trial has made, once."""
        parcel: Parcel[Outcome] | None = result.get(OUTCOME)
        outcome = None if parcel is None else parcel.take()
        if outcome is not None:
            self._write(sent, outcome)

    def _write(self, sent: Sent, outcome: Outcome) -> None:
        """Writes what a trial has made. If that is not possible, this is its failure."""
        try:
            self._search.keep(sent.job, outcome)
        except ValpError as error:
            sent.failure = failure_of(error)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Ends the search if the ledger or a folder cannot be written. Unrecorded results are recorded on resuming."""
        try:
            yield
        except ValpError as error:
            self._search.stop(error)
        except OSError as error:
            self._search.stop(_unwritable(error))

    def save(self, checkpoint_path: str) -> None:
        """Does nothing, because the ledger is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Does nothing, because the ledger is the state."""


def _unwritable(error: OSError) -> FileError:
    return FileError(f"the run cannot be written: {error}")


def tuner(
    trainable: type[tune.Trainable], searcher: Searcher, scheduler: TrialScheduler, workers: int, scratch: str
) -> tune.Tuner:
    """A Tuner whose actors run one trial after the other. `scratch` is the folder for its files."""
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
