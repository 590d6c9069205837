"""Ray's message about a worker that ended, as one sentence."""

import re

from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError

UNEXPECTED = "the worker process ended unexpectedly"
OUT_OF_MEMORY = f"{UNEXPECTED}: Ray ended it because the machine ran low on memory"

EXIT_DETAIL = re.compile(r"exit detail: (.*?)(?: Some common causes| There are some potential|$)", re.MULTILINE)
"""The facts about an exit in Ray's message. The rest of the message is guesses."""


def could_not_start(error: Exception | None) -> bool:
    """Whether a worker failed before it got a candidate, so that the candidate is not the cause."""
    return isinstance(error, RayActorError) and error.actor_init_failed


def worker_failure(error: Exception | None) -> str:
    """The reason why a worker ended, as one sentence.

    Args:
        error: Ray's error; None if there is none.
    """
    if error is None:
        return UNEXPECTED
    text = str(error)
    if isinstance(error, OutOfMemoryError) or "low on memory" in text:
        return OUT_OF_MEMORY
    if isinstance(error, RayTaskError) or could_not_start(error):
        return _last_line(text)
    found = EXIT_DETAIL.search(text)
    detail = found[1].strip().rstrip(".") if found else _last_line(text)
    return f"{UNEXPECTED}, often because it was killed when memory ran out (Ray says: {detail})"


def _last_line(text: str) -> str:
    """The last line of a traceback, which names the error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
