"""The Tune trainable. One trial is one candidate, and an actor runs many trials."""

import gc
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valp.search.engine.ray.garbage_collection import uncollected

with uncollected():  # a worker process starts with these imports
    from ray import tune

    from valp.plan.plan import Executor
    from valp.search.engine.candidate_limits import UNLIMITED, CandidateLimits
    from valp.search.engine.evaluate import Evaluation
    from valp.search.engine.fault import Failure, failure_of
    from valp.search.engine.ray.watchdog import Watchdog
    from valp.search.engine.time_profile import STARTING
    from valp.spaces.candidate import Candidate
    from valp.spaces.problem.scoring import Scorer
    from valp.train.fit import one_thread, ready
    from valp.train.stopwatch import Stopwatch

SECONDS = "seconds/"
"""The prefix of the names of times in a trial's result."""

FAILURE = "failure"
"""The name of a failure in a trial's result."""


class CandidateTrainable(tune.Trainable):  # type: ignore[misc] # ray ships no types
    """Trains and scores the candidate in its config. The result is written into the candidate's folder."""

    def setup(
        self,
        config: dict[str, Any],  # noqa: ARG002 - each trial's config comes with it
        scorer: Scorer,
        executor: Executor,
        begun: float,
        limits: CandidateLimits = UNLIMITED,
    ) -> None:
        """Called once per actor, requested at time `begun`. The data is mapped from Ray's store, not copied."""
        one_thread()
        with uncollected():
            ready(executor)
        gc.freeze()  # the objects made so far stay alive, so the collector need not visit them
        self.scorer, self.executor, self.limits = scorer, executor, limits
        self.watchdog = Watchdog(limits)
        self.evaluation: Evaluation | None = None
        self.starting: float | None = time.time() - begun

    def reset_config(self, new_config: dict[str, Any]) -> bool:  # noqa: ARG002 - `self.config` is set by Tune
        """Prepares for the next candidate. Nothing of the previous one is kept."""
        self.evaluation = None
        return True

    def step(self) -> dict[str, Any]:
        """Trains the candidate up to its next rung or to the end. The result says where the time went."""
        watch = Stopwatch()
        if self.starting is not None:
            watch.parts[STARTING], self.starting = self.starting, None
        try:
            if self.evaluation is None:
                candidate = Candidate.model_validate_json(self.config["candidate"])
                rungs = [int(rung) for rung in self.config["rungs"].split(",") if rung]
                self.stages = [*rungs, candidate.training.steps]
                folder = Path(self.config["folder"])
                self.evaluation = Evaluation(candidate, self.scorer, folder, self.executor, self.limits)
                self.watchdog.watch(candidate, folder, self.evaluation.clock)
            steps = self.stages.pop(0)
            result = self.evaluation.advance(steps, watch)
        except Exception as error:  # not the candidate's fault: its own are in its folder
            return {"done": True, FAILURE: failure_of(error).fields()}
        seconds = {f"{SECONDS}{part}": seconds for part, seconds in watch.parts.items()}
        return {"done": not self.stages or result.failure is not None, "steps": steps} | seconds


def told_failure(result: Mapping[str, Any]) -> Failure | None:
    """The failure in a trial's result; None if the trial has not failed, or for a fault of its candidate."""
    fields = result.get(FAILURE)
    return None if fields is None else Failure.of(fields)


def reported(result: Mapping[str, Any]) -> dict[str, float]:
    """The seconds by part in a trial's result."""
    return {key.removeprefix(SECONDS): value for key, value in result.items() if key.startswith(SECONDS)}
