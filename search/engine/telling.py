"""Tells the beginning and the end of a session, and the lines that a search prints, as events."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager

from valp.errors import ValpError, message_line
from valp.search.engine.display import Display
from valp.search.engine.driver import Driver
from valp.search.engine.search_events import Events
from valp.search.engine.status import Status
from valp.search.run.result import Result
from valp.search.run.session_record import EndReason
from valp.search.run.settings import versions


class TellingDisplay:
    """A display that also tells its lines and preparations as events."""

    def __init__(self, display: Display, events: Events) -> None:
        self._display, self._events = display, events

    def say(self, line: str) -> None:
        """See `Display`."""
        self._display.say(line)
        self._events.tell("note", text=line)

    def step(self, title: str, done: int, total: int) -> None:
        """See `Display`."""
        self._display.step(title, done, total)
        if done == 0:
            self._events.tell("preparing", title=title)

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """See `Display`."""
        self._display.show(status, ended)

    def close(self) -> None:
        """See `Display`."""
        self._display.close()


@contextmanager
def telling_session(driver: Driver, hours: float | None, *, resumed: bool) -> Iterator[None]:
    """Tells that a session begins, and at the end of the block that it ended, and why.

    Args:
        driver: the driver of the session, which has not begun.
        hours: the wall time of the search; None without a limit.
        resumed: whether the run existed before.
    """
    start, settings, status = time.monotonic(), driver.settings, driver.status
    states = [entry.state for entry in driver.ledger.entries()]
    driver.events.tell(
        "search_began",
        run=driver.folder.name,
        resumed=resumed,
        problem=settings.problem,
        strategy=settings.strategy,
        objectives=settings.objectives,
        candidates=driver.total,
        steps=settings.steps,
        batch=settings.batch,
        seed=settings.seed,
        workers=driver.workers,
        hours=hours,
        host=platform.node(),
        process=os.getpid(),
        versions=versions(),
        complete=states.count("complete"),
        pruned=states.count("pruned"),
        failed=states.count("failed"),
    )

    def end(reason: EndReason, message: str | None = None) -> None:
        counts = {"complete": status.complete, "pruned": status.pruned, "failed": status.failed}
        seconds = round(time.monotonic() - start, 3)
        driver.events.tell("search_ended", reason=reason, message=message, seconds=seconds, **counts)

    try:
        yield
    except ValpError as error:
        end("error", str(error))
        raise
    except KeyboardInterrupt as error:  # the message of a signal is its name
        end("interrupted", str(error) or "SIGINT")
        raise
    except SystemExit:  # how Ray's own handler of SIGTERM ends a program that calls `launch`
        end("interrupted", "the program")
        raise
    except BaseException as error:
        end("error", f"{type(error).__name__}: {message_line(error)}")
        raise
    end("deadline" if driver.is_unfinished and driver.is_late() else "complete")
