"""`--log-json`: where a search writes its events, and what stderr then shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from valp.search.engine.display import Display
    from valp.search.engine.search_events import Event

LOG_JSON = click.option(
    "--log-json",
    "log",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Append a line of JSON to FILE for each event: what began, ended, failed, was tried again. With - these lines "
    "go to stderr, in place of the progress.",
)


@dataclass(frozen=True)
class Progress:
    """Where a search shows its progress.

    Attributes:
        display: shows it on stderr.
        say: prints a line for people, or logs it if stderr is the log.
        listeners: those of the search's events.
        note: prints a line for people above the progress, or logs it.
    """

    display: "Display"
    say: Callable[[str], None]
    listeners: "tuple[Callable[[Event], None], ...]"
    note: Callable[[str], None]


@contextmanager
def showing_progress(log: Path | None) -> Iterator[Progress]:
    """Shows progress on stderr, and also writes a log if there is one.

    Raises:
        FileError: if the log cannot be opened.
    """
    from datetime import UTC, datetime

    from valp.search.engine.event_log import STDERR, event_log
    from valp.search.engine.search_events import Event
    from valp.search.show.display import SilentDisplay, display_for_stderr

    def say(line: str) -> None:
        click.echo(line, err=True)

    if log is None:
        display = display_for_stderr()
        yield Progress(display, say, (), display.say)
    elif str(log) == STDERR:
        with event_log(log, lambda _: None) as events:

            def note(line: str) -> None:
                events.hear(Event("note", datetime.now(UTC), {"text": line}))

            yield Progress(SilentDisplay(), note, (events.hear,), note)
    else:
        display = display_for_stderr()
        with event_log(log, display.say) as events:
            yield Progress(display, say, (events.hear,), display.say)
