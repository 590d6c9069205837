"""A live view of a search on a terminal."""

from collections import deque

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from valp.search.engine.status import Status
from valp.search.number_text import duration
from valp.search.run.result import Result
from valp.search.show.display.lines import duration_left, line
from valp.search.show.display.live_table import View, counts
from valp.search.show.display.step_bar import StepBar

REDRAWS = 1.0
"""Redraws per second: enough for a clock, without flicker."""

EVENTS = 3
"""The number of finished candidates shown, the latest ones."""


class LiveDisplay:
    """Shows progress, counts, the front and the single-task models, what is being trained, and the latest results.

    It is redrawn once a second. At the end, one line of summary remains.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._events: deque[Text] = deque(maxlen=EVENTS)
        self._live: Live | None = None
        self._status: Status | None = None
        self._view: RenderableType = ""
        self._bar = StepBar(self._console)

    def say(self, line: str) -> None:
        """See `Display`."""
        self._console.print(line, highlight=False, soft_wrap=True)

    def step(self, title: str, done: int, total: int) -> None:
        """See `Display`."""
        self._bar.step(title, done, total)

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """See `Display`."""
        if ended is not None:
            failed = ended[1].failure is not None
            self._events.append(Text(line(*ended, status.objectives), style="red" if failed else ""))
        self._status, self._view = status, View(status, tuple(self._events))
        if self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=lambda: self._view,
                refresh_per_second=REDRAWS,
                transient=True,
                redirect_stdout=False,
            )
            self._live.start(refresh=True)

    def close(self) -> None:
        """See `Display`."""
        self._bar.close()
        if self._live is None or self._status is None:
            return
        self._live.stop()
        self._live = None
        status, left = self._status, duration_left(self._status)
        rest = f", {left} left" if left else ""
        said = f"{status.run}: {status.ended} of {status.total} done in {duration(status.seconds_gone())}{rest}"
        self.say(f"{said}: {counts(status)}")
