"""A Tune searcher that hands the jobs of a search to Ray Tune, and the Tuner that runs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from optuna.exceptions import OptunaError
from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher
from sqlalchemy.exc import SQLAlchemyError

from valp.errors import FileError, SearchError, ValpError
from valp.search.engine.job import Job, Jobs
from valp.search.engine.ray.worker import reported
from valp.search.engine.ray.worker_error import UNEXPECTED, could_not_start, worker_failure

CANDIDATES_PER_TUNER = 1000
"""Jobs of one Tuner. Its bookkeeping grows with every trial, so a long search uses several Tuners in turn."""


class JobSearcher(Searcher):  # type: ignore[misc] # ray ships no types
    """Hands Tune the jobs of a search."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._search = jobs
        self._suggested = 0
        self._running: dict[str, Job] = {}
        self._errors: dict[str, str] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its configuration so that it can restore it, which is never done here.
        return {}

    @property
    def is_full(self) -> bool:
        """Whether this Tuner has had its maximum of jobs, so that a new one must take the rest."""
        return self._suggested == CANDIDATES_PER_TUNER

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """The next job as a Tune config, or `Searcher.FINISHED`."""
        job = None
        with self._stopping():
            job = None if self.is_full else self._search.next()
        if job is None:
            return str(Searcher.FINISHED)
        self._suggested += 1
        self._running[trial_id] = job
        return {
            "candidate": job.candidate.model_dump_json(),
            "folder": str(job.path.resolve()),
            "rungs": ",".join(map(str, job.rungs)),
        }

    def goes_on(self, trial_id: str, steps: int) -> bool:
        """Whether a trial that has reached a rung continues. False if the ledger cannot be written."""
        with self._stopping():
            return self._search.goes_on(self._running[trial_id], steps)
        return False

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:  # noqa: ARG002 - Tune's own
        """Adds the seconds of a trial that continues to the time profile."""
        self._search.spent(reported(result), ended=False)

    def failed(self, trial_id: str, error: Exception | None) -> None:
        """Stores the error that ends a trial.

        A worker that cannot start ends the search, because the candidate is not the cause.
        """
        self._errors[trial_id] = worker_failure(error)
        if could_not_start(error):
            self._running.pop(
                trial_id, None
            )  # it stays unfinished in the ledger and is trained when the run is resumed
            self._search.stop(SearchError(f"no worker can start: {self._errors[trial_id]}"))

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Records the finished job."""
        if not error and result is not None and result.get("unwritten"):
            self._search.stop(FileError(result["unwritten"]))
            return
        if trial_id not in self._running:
            return
        if not error and result is not None:
            self._search.spent(reported(result), ended=True)
        with self._stopping():
            reason = self._errors.pop(trial_id, UNEXPECTED) if error else None
            self._search.end(self._running.pop(trial_id), reason)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Ends the search if the ledger or a folder cannot be written. Unrecorded results are recorded on resuming."""
        try:
            yield
        except ValpError as error:
            self._search.stop(error)
        except (SQLAlchemyError, OptunaError, OSError) as error:
            reason = str(error.__cause__ or error).strip().splitlines()[0]
            self._search.stop(FileError(f"the run's ledger cannot be written: {reason}"))

    def save(self, checkpoint_path: str) -> None:
        """Does nothing, because the ledger is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Does nothing, because the ledger is the state."""


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
