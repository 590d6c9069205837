"""`uncollected`: no garbage collection while libraries are imported."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Python's collector rests within.

    What libraries make when they are imported stays, and the collector goes over it again and again: a tenth to a fifth
    of the time that a worker takes to start.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
