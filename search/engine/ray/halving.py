"""Asks the search at each rung whether a Tune trial goes on."""

from collections.abc import Callable
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler


class Halving(FIFOScheduler):  # type: ignore[misc] # ray ships no types
    """Stops the trials that do not continue from a rung; see `valp.search.engine.rungs`.

    Args:
        decide: is given a trial and the steps it has made.
    """

    def __init__(self, decide: Callable[[str, int], bool]) -> None:
        super().__init__()
        self._decide = decide

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its schedulers for a restore that is never made.
        return {}

    def on_trial_result(self, tune_controller: object, trial: Trial, result: dict[str, Any]) -> str:  # noqa: ARG002 - Tune's own
        """See Tune."""
        if result.get("done") or self._decide(trial.trial_id, result["steps"]):
            return str(TrialScheduler.CONTINUE)
        return str(TrialScheduler.STOP)
