"""What a worker process needs to train candidates, one after the other."""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import ray
from ray.exceptions import RayError

from valp.errors import message_line
from valp.plan.plan import Executor
from valp.search.engine.candidate_limits import UNLIMITED, CandidateLimits
from valp.search.engine.evaluate import Evaluation
from valp.search.engine.fault import LostWorkerError
from valp.search.engine.parent_files import ParentFiles
from valp.search.engine.ray.last_words import leave_words
from valp.search.engine.ray.watchdog import Watchdog
from valp.search.engine.time_profile import STARTING
from valp.search.run.outcome import Outcome
from valp.spaces.candidate import Candidate
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread, ready
from valp.train.stopwatch import Stopwatch


@dataclass(frozen=True)
class Equipment:
    """What all workers of a search get from the driver, once.

    Attributes:
        scorer: the scorer of the problem, with its data. The data is mapped from Ray's store, not copied.
        executor: the executor that trains.
        begun: when the workers were requested, a value of `time.time()`.
        limits: the limits of each candidate.
        ends: when the session ends, a value of `time.time()`: the machine may be another one than the driver's, where
            `time.monotonic()` is different. None if it does not end.
    """

    scorer: Scorer
    executor: Executor
    begun: float
    limits: CandidateLimits = UNLIMITED
    ends: float | None = None


class Trainer:
    """Trains candidates in this process, which it prepares."""

    def __init__(self, equipment: Equipment) -> None:
        one_thread()
        ready(equipment.executor)
        gc.freeze()  # the objects made so far stay alive, so the collector need not visit them
        ends = equipment.ends
        deadline = None if ends is None else time.monotonic() + ends - time.time()
        self._scorer, self._executor = equipment.scorer, equipment.executor
        self._limits = replace(equipment.limits, deadline=deadline)
        self._watchdog = Watchdog(self._limits)
        self._starting: float | None = max(0.0, time.time() - equipment.begun)
        self._evaluation: Evaluation | None = None

    def begin(self, candidate: Candidate, parents: Sequence[ray.ObjectRef], key: str) -> None:
        """Begins with a candidate. Nothing of the one before is kept.

        Args:
            candidate: the candidate.
            parents: references to the files of its parents.
            key: under this key the watchdog leaves the last words of this process.

        Raises:
            LostWorkerError: if the files of its parents do not arrive.
        """
        self._evaluation = None
        evaluation = Evaluation(candidate, self._scorer, _received(parents), self._executor, self._limits)
        self._watchdog.watch(candidate, partial(leave_words, key), evaluation.clock)
        self._evaluation = evaluation

    def advance(self, steps: int) -> tuple[Outcome, dict[str, float]]:
        """Trains the candidate up to a number of steps. Returns what it has made, and the seconds by part."""
        if self._evaluation is None:
            raise AssertionError("no candidate has begun")
        watch = Stopwatch()
        if self._starting is not None:
            watch.parts[STARTING], self._starting = self._starting, None
        return self._evaluation.advance(steps, watch), dict(watch.parts)


def _received(references: Sequence[ray.ObjectRef]) -> list[ParentFiles]:
    """The files of parents."""
    try:
        return list(ray.get(list(references)))
    except RayError as error:
        raise LostWorkerError(f"the weights of its parents did not arrive: {message_line(error)}") from error
