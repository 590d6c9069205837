"""What a running search shows: a live table on a terminal, plain lines elsewhere. Both go to stderr."""

import sys
import time
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from search.ledger import Result
from spaces.metrics import Metric


@dataclass
class Status:
    """Where a search stands.

    Attributes:
        run: its name.
        objectives: what is optimised, by name.
        total: the candidates wanted.
        workers: how many are trained at once.
        complete, pruned, failed, running: how many candidates are.
        front: the size of the Pareto front.
        best: by objective, the best value so far and the candidate that has it.
        baselines: by objective, the single-task model's value.
        started: when this session began, and how many candidates had ended by then.
    """

    run: str
    objectives: dict[str, Metric]
    total: int
    workers: int
    complete: int = 0
    pruned: int = 0
    failed: int = 0
    running: int = 0
    front: int = 0
    best: dict[str, tuple[float, int]] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)
    started: tuple[float, int] = (0.0, 0)

    @property
    def ended(self) -> int:
        """Candidates that are neither running nor still to come."""
        return self.complete + self.pruned + self.failed

    def take(self, number: int, result: Result) -> None:
        """Counts a candidate that has ended."""
        if result.failure is not None:
            self.failed += 1
            return
        if not result.complete:
            self.pruned += 1
            return
        self.complete += 1
        for name, metric in self.objectives.items():
            value = result.scores[name]
            if name not in self.best or metric.better(value, self.best[name][0]):
                self.best[name] = (value, number)

    def seconds_left(self) -> float | None:
        """An estimate from this session's pace; None before its first candidate has ended."""
        began, before = self.started
        ended = self.ended - before
        return (time.monotonic() - began) / ended * (self.total - self.ended) if ended > 0 else None


class Display(Protocol):
    """What the driver tells of its progress."""

    def say(self, line: str) -> None:
        """A line about something other than a candidate."""

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """Where the search stands now, and the candidate that has just ended, if one has."""

    def close(self) -> None:
        """Leaves the terminal as it was."""


def display_for_stderr() -> Display:
    """A live table if stderr is a terminal, else lines."""
    return LiveDisplay() if sys.stderr.isatty() else LineDisplay()


class LineDisplay:
    """A line for each candidate that ends."""

    def say(self, line: str) -> None:
        """See `Display`."""
        print(line, file=sys.stderr, flush=True)

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """See `Display`."""
        if ended is not None:
            self.say(f"[{status.ended}/{status.total}] {line(*ended, tuple(status.objectives))}{_left(status)}")

    def close(self) -> None:
        """See `Display`."""


class LiveDisplay:
    """A table that stays in place: counts, the best of each objective beside its baseline, the time left."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live: Live | None = None

    def say(self, line: str) -> None:
        """See `Display`."""
        self._console.print(line, highlight=False, soft_wrap=True)

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """See `Display`."""
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        if ended is not None and ended[1].failure is not None:
            self.say(line(*ended, tuple(status.objectives)))
        self._live.update(table(status), refresh=True)

    def close(self) -> None:
        """See `Display`."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def line(number: int, result: Result, objectives: tuple[str, ...]) -> str:
    """What came of a candidate, on one line."""
    if result.failure is not None:
        return f"candidate {number} failed: {result.failure}"
    scores = "  ".join(f"{name} {number_text(result.scores[name])}" for name in objectives)
    stopped = "" if result.complete else f"stopped after {result.samples_seen:,} samples, "
    return f"candidate {number}: {scores}  ({stopped}{sum(result.seconds):.1f} s)"


def table(status: Status) -> Group:
    """The live table, under a line of counts; a best that beats the single-task model is green."""
    stopped = f"{status.pruned} stopped early, " if status.pruned else ""
    counts = (
        f"{status.run}: {status.ended} of {status.total} done, {status.running} running, "
        f"{stopped}{status.failed} failed, {status.front} on the front{_left(status)}"
    )
    shown = Table()
    for column in ("objective", "best so far", "candidate", "single-task"):
        shown.add_column(column, justify="left" if column == "objective" else "right")
    for name, metric in status.objectives.items():
        best, baseline = status.best.get(name), status.baselines.get(name)
        beats = best is not None and baseline is not None and metric.better(best[0], baseline)
        shown.add_row(
            f"{name} {'↑' if metric.direction == 'maximize' else '↓'}",
            Text(number_text(best[0]) if best else "–", style="green" if beats else ""),
            str(best[1]) if best else "–",
            number_text(baseline) if baseline is not None else "–",
        )
    return Group(Text(counts, style="bold"), shown)


def number_text(value: float) -> str:
    """A score with four significant digits."""
    return f"{value:.4g}" if abs(value) < 0.1 else f"{value:.3f}"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _left(status: Status) -> str:
    left = status.seconds_left()
    return f", {duration(left)} left" if left is not None and status.ended < status.total else ""
