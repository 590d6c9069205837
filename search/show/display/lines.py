"""The progress of a search as plain lines."""

import sys
from collections.abc import Mapping

from valp.search.engine.status import Status
from valp.search.number_text import duration
from valp.search.run.result import Result
from valp.spaces.problem.metrics import Metric


class LineDisplay:
    """Prints a line for each finished candidate. On a full disk lines are lost, and the search goes on."""

    def say(self, line: str) -> None:
        """See `valp.search.engine.display.Display`."""
        try:
            print(line, file=sys.stderr, flush=True)
        except BrokenPipeError:  # the reader has enough, which ends a command
            raise
        except OSError:
            return

    def step(self, title: str, done: int, total: int) -> None:  # noqa: ARG002 - only the title is printed
        """See `valp.search.engine.display.Display`."""
        if done == 0:
            self.say(title)

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """See `valp.search.engine.display.Display`."""
        if ended is not None:
            left = f", {duration_left(status)} left" if duration_left(status) else ""
            self.say(f"[{status.ended}/{status.total}] {line(*ended, status.objectives)}{left}")

    def close(self) -> None:
        """See `valp.search.engine.display.Display`."""


def line(number: int, result: Result, objectives: Mapping[str, Metric]) -> str:
    """The result of a candidate on one line."""
    if result.failure is not None:
        return f"candidate {number} failed: {result.failure}"
    scores = "  ".join(f"{name} {metric.score.text(result.scores.get(name))}" for name, metric in objectives.items())
    stopped = "" if result.complete else f"stopped after {result.samples_seen:,} samples, "
    return f"candidate {number}: {scores}  ({stopped}{sum(result.seconds):.1f} s)"


def duration_left(status: Status) -> str:
    """The estimated time left of a search as text; empty if it is not known or the search is finished."""
    left = status.seconds_left()
    return duration(left) if left is not None and status.ended < status.total else ""
