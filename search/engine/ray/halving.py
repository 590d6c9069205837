"""Asks the search at each rung whether a Tune trial continues, and tells it of errors."""

from collections.abc import Callable
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler


class Halving(FIFOScheduler):  # type: ignore[misc] # ray ships no types
    """Stops the trials that do not continue from a rung; see `valp.search.engine.rungs`.

    Args:
        decide: is given a trial and the steps it has made.
        failed: is given a trial and the error that ended it. Tune tells a searcher only that there was one.
    """

    def __init__(self, decide: Callable[[str, int], bool], failed: Callable[[str, Exception | None], None]) -> None:
        super().__init__()
        self._decide, self._failed = decide, failed

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its schedulers for a restore that is never made.
        return {}

    def on_trial_error(self, tune_controller: object, trial: Trial) -> None:  # noqa: ARG002 - Tune's own
        """See Tune, which calls it before `Searcher.on_trial_complete`."""
        self._failed(trial.trial_id, trial.get_pickled_error())

    def on_trial_result(self, tune_controller: object, trial: Trial, result: dict[str, Any]) -> str:  # noqa: ARG002 - Tune's own
        """See Tune."""
        if result.get("done") or self._decide(trial.trial_id, result["steps"]):
            return str(TrialScheduler.CONTINUE)
        return str(TrialScheduler.STOP)
