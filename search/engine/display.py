"""The interface by which a search shows its progress."""

from typing import Protocol

from valp.search.engine.status import Status
from valp.search.run.result import Result


class Display(Protocol):
    """Shows the progress of a search."""

    def say(self, line: str) -> None:
        """Prints a line about something other than a candidate."""

    def step(self, title: str, done: int, total: int) -> None:
        """Shows how far a long preparation is, such as the training of a judge. The first call has `done` = 0."""

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """Shows the state of the search, and the candidate that has just finished, if any."""

    def close(self) -> None:
        """Restores the terminal."""


class SilentDisplay:
    """Shows nothing."""

    def say(self, line: str) -> None:
        """See `Display`."""

    def step(self, title: str, done: int, total: int) -> None:
        """See `Display`."""

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """See `Display`."""

    def close(self) -> None:
        """See `Display`."""
