"""A Tune scheduler that asks the search at each rung whether a trial continues, and reports errors to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import cloudpickle
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler


class Halving(FIFOScheduler):  # type: ignore[misc] # ray ships no types
    """Stops trials that do not continue at a rung; see `valp.search.engine.rungs`.

    Args:
        decide: gets a trial and its result at a rung, and returns whether the trial continues.
        failed: gets a trial and the error that ended it. Tune passes a searcher only the fact that there was an error.
    """

    def __init__(
        self, decide: Callable[[str, dict[str, Any]], bool], failed: Callable[[str, Exception | None], None]
    ) -> None:
        super().__init__()
        self._decide, self._failed = decide, failed

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its schedulers so that it can restore them, which is never done here.
        return {}

    def on_trial_error(self, tune_controller: object, trial: Trial) -> None:  # noqa: ARG002 - Tune's own
        """See Tune. It calls this before `Searcher.on_trial_complete`."""
        self._failed(trial.trial_id, _error_of(trial))

    def on_trial_result(self, tune_controller: object, trial: Trial, result: dict[str, Any]) -> str:  # noqa: ARG002 - Tune's own
        """See Tune."""
        if result.get("done") or self._decide(trial.trial_id, result):
            return str(TrialScheduler.CONTINUE)
        return str(TrialScheduler.STOP)


def _error_of(trial: Trial) -> Exception | None:
    """The error that ended a trial; None if it cannot be read.

    `Trial.get_pickled_error` would look in the folder to which Tune copies the file later.
    """
    path = trial.pickled_error_file
    try:
        error = None if path is None else cloudpickle.loads(Path(path).read_bytes())
    except Exception:  # the type of the error may not be importable here
        return None
    return error if isinstance(error, Exception) else None
