"""What Ray says of a worker that ended, in one sentence."""

from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError

UNEXPECTED = "the worker process ended unexpectedly"


def could_not_start(error: Exception | None) -> bool:
    """Whether a worker failed before it had anything to train: the candidate is not the reason."""
    return isinstance(error, RayActorError) and error.actor_init_failed


def worker_failure(error: Exception | None) -> str:
    """Why a worker ended.

    Args:
        error: what Ray says of it; None where it says nothing.
    """
    if error is None:
        return UNEXPECTED
    if isinstance(error, RayTaskError) or could_not_start(error):
        return last_line(str(error))
    if isinstance(error, OutOfMemoryError):
        return f"{UNEXPECTED}: Ray ended it, as the machine ran out of memory"
    return f"{UNEXPECTED}: {last_line(str(error))}"


def last_line(text: str) -> str:
    """The last line of a traceback, which names the error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
