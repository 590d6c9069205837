"""Successive halving by several objectives at once: whoever is not among the best at a rung is stopped there."""

from collections.abc import Callable, Sequence
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from valp.search.pareto.front import losses
from valp.search.pareto.population import best
from valp.spaces.problem.metrics import Metric

KEPT = 3
"""η: of so many candidates at a rung one goes on, to so many times the steps."""

RUNGS = 2
"""Rungs below the whole training."""

FEWEST_STEPS = 50
"""A rung below this many steps says nothing."""


def rungs_of(steps: int) -> tuple[int, ...]:
    """The steps of the rungs of a training, ascending, the whole of it left out."""
    rungs = [steps // KEPT**i for i in range(RUNGS, 0, -1)]
    return tuple(rung for rung in rungs if rung >= FEWEST_STEPS)


def goes_on(scores: Sequence[dict[str, float]], objectives: dict[str, Metric]) -> bool:
    """Whether the last of those who have reached a rung goes on: if it is among the best third of them.

    The best are those of the lowest non-dominated rank, and of these the least crowded. Nobody is waited for (Li et
    al. 2020, asynchronous successive halving): the first at a rung go on whatever their scores are.
    """
    if len(scores) < KEPT:
        return True
    points = losses([[score[name] for name in objectives] for score in scores], list(objectives.values()))
    return len(scores) - 1 in best(points, -(-len(scores) // KEPT))[0]


class Halving(FIFOScheduler):  # type: ignore[misc] # ray ships no types
    """Asks at each rung whether a trial goes on.

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
