"""`Stopwatch`: wall time by part."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Sums wall time by named part.

    Attributes:
        parts: seconds by part, in the order in which the parts first started.
    """

    def __init__(self) -> None:
        self.parts: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Adds the time of the block to a part. Parts do not nest."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.parts[part] += time.perf_counter() - start
