"""Decides whose fault it is that a job ended without a result. What happens next depends on this only.

A candidate is recorded as failed for its own faults only, and then once. Nobody's faults are retried. Faults of the
machine end the search, and the same command resumes it.
"""

import errno
import json
import traceback
from dataclasses import asdict, dataclass
from enum import StrEnum

from valp.errors import FileError, SearchError, ValpError, message_line

ATTEMPTS = 3
"""How often a job is tried in one session if each attempt ends by nobody's fault."""

LOG_LINES = 15
"""The most lines of a log that are kept."""

MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE})
"""Errors of the operating system that every other candidate would meet too."""


class Fault(StrEnum):
    """Whose fault a failure is."""

    CANDIDATE = "candidate"
    """Recorded once: a loss or score that is not finite, a training over its time or memory, or a bug in a part."""
    WORKER = "worker"
    """Nobody's: the process or the machine that trained it ended. It is tried again, up to `ATTEMPTS` times."""
    PARENT = "parent"
    """Nobody's: weights to inherit cannot be read. It is tried again, and the last attempt trains from scratch."""
    TIME = "time"
    """Nobody's: the session's time is over. The next session trains it."""
    FILES = "files"
    """The machine's: the run's folder or a disk cannot be used. The search ends."""
    START = "start"
    """The machine's: no worker can start. The search ends."""


class UnreadableParentError(FileError):
    """The weights or the graph of a parent cannot be read."""


class LostWorkerError(ValpError):
    """The process or the machine that trained a candidate ended."""


class NoWorkerError(SearchError):
    """A worker failed before it got a candidate."""


class OverLimitError(ValpError):
    """A candidate needs more time or memory than it may use."""


class OutOfTimeError(ValpError):
    """The session's time is over, and a training has stopped for that reason."""


@dataclass(frozen=True)
class Failure:
    """Why a job ended without a result.

    Attributes:
        fault: whose fault it is.
        reason: one sentence.
        log: the end of the log; empty if there is none.
    """

    fault: Fault
    reason: str
    log: str = ""

    @property
    def ends_search(self) -> ValpError | None:
        """The error that ends the search; None if the search goes on."""
        if self.fault is Fault.FILES:
            return FileError(self.reason)
        return SearchError(self.reason) if self.fault is Fault.START else None

    def text(self) -> str:
        """The failure as a text, for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> "Failure":
        """The failure with this `text`."""
        fields = json.loads(text)
        return cls(Fault(fields["fault"]), fields["reason"], fields["log"])


FAULTS: tuple[tuple[type[Exception], Fault], ...] = (
    (UnreadableParentError, Fault.PARENT),
    (LostWorkerError, Fault.WORKER),
    (NoWorkerError, Fault.START),
    (OutOfTimeError, Fault.TIME),
    (FileError, Fault.FILES),
)
"""The first row that fits counts. All other errors are the candidate's, except those of `MACHINE`."""


def failure_of(error: Exception, log: str = "") -> Failure:
    """Why a job ended, from the error that ended it.

    Args:
        error: the error. Errors of Ray are translated before, by `valp.search.engine.ray.worker_error`.
        log: the log of the process that ended.
    """
    fault = next((fault for kind, fault in FAULTS if isinstance(error, kind)), Fault.CANDIDATE)
    if isinstance(error, OSError) and error.errno in MACHINE:
        fault = Fault.FILES
    if isinstance(error, ValpError):
        return Failure(fault, str(error), end_of(log))
    reason = f"{type(error).__name__}: {message_line(error)}"
    return Failure(fault, reason, end_of(log or "".join(traceback.format_exception(error))))


def end_of(log: str) -> str:
    """The last lines of a log."""
    return "\n".join(log.strip().splitlines()[-LOG_LINES:])
