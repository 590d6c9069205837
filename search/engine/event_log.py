"""The log of a search for programs: a line of JSON for each event."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from valp.errors import FileError
from valp.search.engine.search_events import Event

LOG_VERSION = 1
"""It changes if a field gets another meaning. New events and new fields do not change it."""

STDERR = "-"
"""The name that stands for stderr."""


class EventLog:
    """Writes each event as one line, at once. `hear` is a listener of `valp.search.engine.search_events.Events`.

    A log that cannot be written, as on a full disk, does not end the search: a line on stderr says so once. As soon as
    it can be written again, the event `events_lost` says how many lines are missing.

    Args:
        write: appends bytes to the log, and returns how many of them it has written.
        say: prints a line for people.
        torn: whether the file ends in the middle of a line, as after a kill.
    """

    def __init__(self, write: Callable[[memoryview], int], say: Callable[[str], None], *, torn: bool = False) -> None:
        self._append, self._say, self._torn = write, say, torn
        self._about: dict[str, Any] = {"version": LOG_VERSION, "run": None, "session": secrets.token_hex(4)}
        self._lost, self._said = 0, False

    def hear(self, event: Event) -> None:
        """Writes an event. From the first `search_began` on, each line has the name of the run."""
        if event.name == "search_began":
            self._about["run"] = event.fields["run"]
        lines = [self._line("events_lost", event, {"count": self._lost})] if self._lost else []
        lines.append(self._line(event.name, event, dict(event.fields)))
        try:
            self._write("".join(lines).encode())
            self._lost = 0
        except OSError as error:
            self._lost += 1
            if not self._said:
                self._said = True
                self._say(f"the log cannot be written, so it lacks events: {error.strerror or error}")

    def _line(self, name: str, event: Event, fields: dict[str, Any]) -> str:
        row = {"event": name, "time": event.at.isoformat(timespec="milliseconds")} | self._about | fields
        return json.dumps(_valid(row), allow_nan=False) + "\n"

    def _write(self, content: bytes) -> None:
        """Writes whole lines. What an earlier write has left of a line is ended first. Raises OSError if that fails."""
        left = memoryview(b"\n" + content if self._torn else content)
        while left:
            left = left[self._append(left) :]
            self._torn = bool(left)


@contextmanager
def event_log(target: Path | str, say: Callable[[str], None]) -> Iterator[EventLog]:
    """Opens a log during the block. An existing file is continued, as a resumed search continues its run.

    Args:
        target: the file; `-` for stderr.
        say: prints a line for people.

    Raises:
        FileError: if the file cannot be opened.
    """
    if str(target) == STDERR:
        yield EventLog(_write_to_stderr, say)
        return
    target = Path(target)
    try:
        torn = target.is_file() and not _ends_a_line(target)
        file = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    except OSError as error:
        raise FileError(f"the log {target} cannot be written: {error.strerror or error}") from error
    try:
        yield EventLog(lambda content: os.write(file, content), say, torn=torn)
    finally:
        os.close(file)


def _write_to_stderr(content: memoryview) -> int:
    sys.stderr.write(bytes(content).decode())
    sys.stderr.flush()
    return len(content)


def _ends_a_line(path: Path) -> bool:
    """Whether a file is empty, or ends with the end of a line."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _valid(value: Any) -> Any:
    """A JSON value, in which numbers that JSON does not have (NaN, infinity) are null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {name: _valid(one) for name, one in value.items()}
    return [_valid(one) for one in value] if isinstance(value, list | tuple) else value
