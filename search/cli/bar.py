"""A progress bar on stderr; on a terminal only."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@dataclass(frozen=True)
class Bar:
    """A bar, and what prints lines above it."""

    progress: Progress
    task: TaskID

    def say(self, line: str) -> None:
        """A line above the bar, or on stderr where there is none."""
        if self.progress.disable:
            print(line, file=sys.stderr, flush=True)
        else:
            self.progress.console.print(line, highlight=False, soft_wrap=True)

    def show(self, done: int) -> None:
        """How much is done; less than before begins a new round."""
        if done < self.progress.tasks[0].completed:
            self.progress.reset(self.task)
        self.progress.update(self.task, completed=done)


@contextmanager
def bar(title: str, total: int) -> Iterator[Bar]:
    """A bar that goes to `total`, and goes away at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        yield Bar(progress, progress.add_task(title, total=total))
