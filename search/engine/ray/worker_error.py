"""Translates Ray's errors about a worker that ended."""

import re

from ray.exceptions import (
    ActorUnavailableError,
    ObjectStoreFullError,
    OutOfDiskError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
)

from valp.errors import FileError, ValpError
from valp.search.engine.fault import Failure, LostWorkerError, NoWorkerError, failure_of
from valp.search.engine.ray.worker_log import worker_log

UNEXPECTED = "the worker process ended unexpectedly"
UNREACHABLE = "the worker process cannot be reached: it or its machine has ended, or the network has failed"
OUT_OF_MEMORY = f"{UNEXPECTED}: Ray ended it because the machine ran low on memory"

EXIT_DETAIL = re.compile(r"exit detail: (.*?)(?: Some common causes| There are some potential|$)", re.MULTILINE)
"""The facts about an exit in Ray's message. The rest of the message is guesses."""


def worker_failure(error: Exception | None) -> Failure:
    """Why a worker ended, from Ray's error; None if there is none."""
    return failure_of(_translated(error), "" if error is None else worker_log(str(error)))


def _translated(error: Exception | None) -> Exception:
    """Ray's error as one of those in `valp.search.engine.fault`."""
    if error is None:
        return LostWorkerError(UNEXPECTED)
    text = str(error)
    if isinstance(error, RayActorError) and error.actor_init_failed:
        return NoWorkerError(f"no worker can start: {_last_line(text)}")
    if isinstance(error, OutOfMemoryError) or "low on memory" in text:
        return LostWorkerError(OUT_OF_MEMORY)
    if isinstance(error, ActorUnavailableError):
        return LostWorkerError(UNREACHABLE)
    if isinstance(error, ObjectStoreFullError | OutOfDiskError):  # Ray makes a task's error an instance of its cause
        return FileError(f"Ray has no room for a result on the machine of a worker: {_last_line(text)}")
    if isinstance(error, RayTaskError):
        return ValpError(_last_line(text))
    found = EXIT_DETAIL.search(text)
    detail = found[1].strip().rstrip(".") if found else _last_line(text)
    return LostWorkerError(f"{UNEXPECTED}, often because it was killed when memory ran out (Ray says: {detail})")


def _last_line(text: str) -> str:
    """The last line of a traceback, which names the error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
