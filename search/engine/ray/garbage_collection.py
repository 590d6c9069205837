"""`uncollected` switches garbage collection off while libraries are imported."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Switches Python's garbage collector off during the block.

    The objects that libraries make on import stay alive, and the collector would visit them again and again. This would
    take a tenth to a fifth of a worker's start-up time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
