"""The limits of a candidate: how long and with how much memory it may be trained, and when the session ends."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from valp.parts.priors import prior_numbers
from valp.plan.byte_size import machine_memory, size_text
from valp.plan.plan import Plan
from valp.plan.plan_size import parameter_count, training_bytes
from valp.search.engine.fault import OutOfTimeError, OverLimitError
from valp.search.number_text import duration
from valp.spaces.candidate import Training
from valp.spaces.problem.sampling import ROWS
from valp.train.balance import balancer_of
from valp.train.balance.balancer import GradientBalancer, RepresentationBalancer

SECONDS = 600.0
"""The default limit of time has this many seconds, and those of the steps."""

SECONDS_OF_STEP = 1.0
"""Seconds for each step. A usual step takes a thousandth of it."""

USUAL_BATCH = 50
"""A step with more examples than this has more time, in proportion."""

SHARE = 0.8
"""The share of the machine's memory that all candidates in training may use together, by default."""

LEAST_MEMORY = 10**9
"""A candidate may use this many bytes by default, however many workers there are."""


@dataclass(frozen=True)
class CandidateLimits:
    """What each training in a session may use.

    Attributes:
        seconds: the most seconds of training and scoring; None for the default, which depends on the training.
        memory: the most bytes; None if there is no limit.
        deadline: when the session ends, a value of `time.monotonic()`, which all processes of a machine share; None if
            it does not.
    """

    seconds: float | None = None
    memory: int | None = None
    deadline: float | None = None

    def seconds_of(self, training: Training) -> float:
        """The most seconds of a training: by default 10 minutes, and a second for each step of up to 50 examples."""
        if self.seconds is not None:
            return self.seconds
        return SECONDS + training.steps * SECONDS_OF_STEP * max(1.0, training.batch / USUAL_BATCH)

    def require_memory(self, plan: Plan, training: Training) -> None:
        """Checks, before anything is allocated, that there is enough memory for a training.

        Raises:
            OverLimitError: if its estimate is over the limit.
        """
        if self.memory is None:
            return
        separate = isinstance(balancer_of(training.balance.method), GradientBalancer | RepresentationBalancer)
        needed = training_bytes(
            plan,
            training.batch,
            rows=ROWS,
            gradients=len(plan.terms) if separate else 1,
            priors=prior_numbers(plan),
        )
        if needed > self.memory:
            raise OverLimitError(
                f"its training needs about {size_text(needed)} of memory for "
                f"{parameter_count(plan.operations):,} parameters and batches of {training.batch}, but a candidate may "
                f"use {size_text(self.memory)}"
            )


UNLIMITED = CandidateLimits(seconds=float("inf"))
"""No limits."""


def default_memory(workers: int) -> int | None:
    """The most bytes of a candidate if the user gives no limit; None if the machine's memory is not known.

    80% of the machine's memory are shared equally by the workers, but each gets at least 1 GB.

    Args:
        workers: the number of candidates that are trained at once; 0 counts as 1.
    """
    return share_of_memory(machine_memory(), workers)


def share_of_memory(whole: int | None, workers: int) -> int | None:
    """The same for a machine with `whole` bytes of memory."""
    return None if whole is None else max(LEAST_MEMORY, int(SHARE * whole / max(workers, 1)))


class Stopclock:
    """Measures the time that the training of one candidate takes, in parts, and says when it is over its limit.

    Args:
        limits: the limits.
        training: the candidate's training.

    Attributes:
        seconds: the limit.
        lock: whoever holds it keeps a clock that runs from being stopped.
    """

    def __init__(self, limits: CandidateLimits, training: Training) -> None:
        self._deadline, self.seconds = limits.deadline, limits.seconds_of(training)
        self.lock = threading.Lock()
        self._before = 0.0
        self._began: float | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """The clock runs inside the block."""
        self._began = time.monotonic()
        try:
            yield
        finally:
            with self.lock:
                self._before, self._began = self.spent, None

    @property
    def runs(self) -> bool:
        """Whether the clock runs."""
        return self._began is not None

    @property
    def spent(self) -> float:
        """The seconds in which the clock ran."""
        return self._before + (0.0 if self._began is None else time.monotonic() - self._began)

    def __call__(self) -> None:
        """Checks that the training may go on. Executors call this between steps.

        Raises:
            OverLimitError: if the candidate has used up its time.
            OutOfTimeError: if the session's time is over.
        """
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise OutOfTimeError("the time of the search is over")
        if self.spent > self.seconds:
            raise OverLimitError(over_time(self.seconds))

    def late(self, seconds: float) -> bool:
        """Whether the session's time is over for more than some seconds."""
        return self._deadline is not None and time.monotonic() > self._deadline + seconds


def over_time(seconds: float) -> str:
    """The failure of a candidate that has used up its time."""
    limit = f"{seconds:g} s" if seconds < 10 else duration(seconds)
    return f"its training takes longer than the {limit} that a candidate may take"
