"""The progress of a long step: a bar on a terminal, one line elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class StepBar:
    """Shows the progress of a step. The bar disappears when the step is done."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._progress: Progress | None = None

    def step(self, title: str, done: int, total: int) -> None:
        """See `valp.search.engine.display.Display`."""
        if not self._console.is_terminal:
            if done == 0:
                print(title, file=sys.stderr, flush=True)
            return
        if self._progress is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=self._console, transient=True)
            self._progress.add_task(title, total=total)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done)
        if done >= total:
            self.close()

    def close(self) -> None:
        """Removes the bar and restores the terminal."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


@contextmanager
def step_bar() -> Iterator[StepBar]:
    """A bar on stderr that is removed at the end of the block."""
    bar = StepBar()
    try:
        yield bar
    finally:
        bar.close()
