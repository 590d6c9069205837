"""A Tune searcher that hands the jobs of a search to Ray Tune, and the Tuner that runs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from valp.errors import FileError, ValpError
from valp.search.engine.fault import Failure
from valp.search.engine.job import Job, Jobs
from valp.search.engine.ray.worker import reported, told_failure
from valp.search.engine.ray.worker_error import worker_failure

CANDIDATES_PER_TUNER = 1000
"""Jobs of one Tuner. Its bookkeeping grows with every trial, so a long search uses several Tuners in turn."""


class JobSearcher(Searcher):  # type: ignore[misc] # ray ships no types
    """Hands Tune the jobs of a search."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._search = jobs
        self._suggested = 0
        self._running: dict[str, Job] = {}
        self._failures: dict[str, Failure] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its configuration so that it can restore it, which is never done here.
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """The next job as a Tune config, or `Searcher.FINISHED`."""
        job = None
        with self._stopping():
            job = self._search.next() if self._suggested < CANDIDATES_PER_TUNER else None
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
        """Stores the error that ends a trial. Tune tells a searcher only that there was one."""
        self._failures[trial_id] = worker_failure(error)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Records the finished job."""
        if trial_id not in self._running:
            return
        failure = self._failures.pop(trial_id, worker_failure(None)) if error else None
        if not error and result is not None:
            failure = told_failure(result)
            self._search.spent(reported(result), ended=failure is None)
        with self._stopping():
            self._search.end(self._running.pop(trial_id), failure)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Ends the search if the ledger or a folder cannot be written. Unrecorded results are recorded on resuming."""
        try:
            yield
        except ValpError as error:
            self._search.stop(error)
        except OSError as error:
            self._search.stop(FileError(f"the run cannot be written: {error}"))

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
