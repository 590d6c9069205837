"""A progress bar on stderr, shown only on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@dataclass(frozen=True)
class Bar:
    """A progress bar that can print lines above itself."""

    progress: Progress
    task: TaskID

    def say(self, line: str) -> None:
        """Prints a line above the bar, or on stderr if no bar is shown."""
        if self.progress.disable:
            print(line, file=sys.stderr, flush=True)
        else:
            self.progress.console.print(line, highlight=False, soft_wrap=True)

    def show(self, done: int) -> None:
        """Moves the bar to `done`. A smaller value than before starts a new round."""
        if done < self.progress.tasks[0].completed:
            self.progress.reset(self.task)
        self.progress.update(self.task, completed=done)


@contextmanager
def bar(title: str, total: int) -> Iterator[Bar]:
    """Shows a bar from 0 to `total`, and removes it at the end of the block."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        yield Bar(progress, progress.add_task(title, total=total))
