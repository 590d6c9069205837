"""A thread that ends a worker whose candidate is far over its limits and does not stop by itself.

A training looks at its clock between steps, and its memory is estimated before it begins. The watchdog is for what
neither sees: a step, a score or a part of another package that never ends, or that takes more memory than estimated.
It tells the driver that the candidate has failed and ends the process, so the candidate is recorded once. A candidate
that is stuck when the session's time is over stays unfinished.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from valp.plan.byte_size import size_text
from valp.search.engine.candidate_limits import CandidateLimits, Stopclock, over_time
from valp.search.engine.failures import failed_result
from valp.search.run.result import Result
from valp.spaces.candidate import Candidate

PERIOD = 0.1
"""Seconds between two looks."""

LIBRARIES = 300 * 10**6
"""Bytes that libraries take in a worker when they are first used. The candidate does not pay for them."""

GRACE = 10.0
"""A candidate has a tenth of its time more, and this many seconds, to stop by itself. So has a session that ends."""

STATUS = Path("/proc/self/status")

EXIT_CODE = 3


def private_memory() -> int | None:
    """The bytes of memory that only this process has, shared data not included; None if the system does not say."""
    with suppress(OSError, ValueError, IndexError):  # a system without this file, as macOS
        for line in STATUS.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return None


class Watchdog:
    """Watches the candidates of one worker, one after the other.

    Args:
        limits: the limits of each candidate.
        end: ends the process.
    """

    def __init__(self, limits: CandidateLimits, end: Callable[[int], object] = os._exit) -> None:
        self._limits, self._end = limits, end
        self._watched: tuple[Candidate, Callable[[Result], object], Stopclock, int] | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    def watch(self, candidate: Candidate, tell: Callable[[Result], object], clock: Stopclock) -> None:
        """Watches a candidate from now on, before it is compiled, instead of the one before.

        Args:
            candidate: the candidate.
            tell: tells the driver its result if it must end, before the process ends.
            clock: its clock, which runs only while the candidate is trained and scored.
        """
        self._watched = candidate, tell, clock, private_memory() or 0

    def _watch(self) -> None:
        """Looks at the candidate from time to time, until the process ends."""
        while self._watched is None or not self._ended(*self._watched):
            time.sleep(PERIOD)

    def _ended(self, candidate: Candidate, tell: Callable[[Result], object], clock: Stopclock, memory: int) -> bool:
        """Ends the process if it must end, and says so. The driver is told before if the candidate is at fault."""
        with clock.lock:  # the training cannot end meanwhile, so there is one result
            if not clock.runs:
                return False
            late, reason = clock.late(GRACE), self._reason(clock, memory)
            if not late and reason is None:
                return False
            if reason is not None and not late:
                with suppress(Exception):  # Ray's head cannot be reached: then the candidate is tried again
                    tell(failed_result(candidate, reason))
            self._end(EXIT_CODE)
            return True

    def _reason(self, clock: Stopclock, before: int) -> str | None:
        """Why a candidate must end; None if it may go on."""
        if clock.spent > 1.1 * clock.seconds + GRACE:
            return over_time(clock.seconds)
        limit, now = self._limits.memory, private_memory()
        if limit is None or now is None or now - before <= limit + LIBRARIES:
            return None
        return f"its training takes more memory than the {size_text(limit)} that a candidate may use"
