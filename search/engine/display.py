"""How a search tells of its progress."""

from typing import Protocol

from valp.search.engine.status import Status
from valp.search.run.result import Result


class Display(Protocol):
    """What a search tells of its progress."""

    def say(self, line: str) -> None:
        """A line about something other than a candidate."""

    def step(self, title: str, done: int, total: int) -> None:
        """How far a long preparation is, such as the training of a judge. It is told of 0 first."""

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """Where the search stands now, and the candidate that has just ended, if one has."""

    def close(self) -> None:
        """Leaves the terminal as it was."""


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
