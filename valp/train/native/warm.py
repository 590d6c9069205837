"""`prepare`: compiles the native executor once for all processes. `python -m valp.train.native.warm` does the same."""

import threading
import time
from collections.abc import Callable

PATIENCE = 4.0
"""Seconds before `say` is called. Loading takes less, compiling more."""


def prepare(say: Callable[[str], object] = lambda _: None) -> float:
    """Compiles the interpreter into Numba's cache on disk (about half a minute), or loads it from there (a second).

    A driver calls it before its workers start, so that the workers only load.

    Args:
        say: called with an explanation if it takes long.

    Returns:
        The seconds it took.

    Raises:
        ImportError: if Numba is not installed.
    """
    start = time.perf_counter()
    told = threading.Timer(PATIENCE, say, ["compiling the native executor: about half a minute, once per machine"])
    told.daemon = True
    told.start()
    try:
        import valp.train.native.executor  # noqa: F401 - importing it compiles
    finally:
        told.cancel()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(f"the native executor is ready after {prepare():.1f} s")
