"""Tells trackers about the candidates of a search, beside the search."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from valp.search.engine.search_events import Event
from valp.search.run.ledger import Entry
from valp.search.run.run import StoredRun, open_run
from valp.search.track.tracker import Tracker, identity

AGAIN = 30.0
"""Seconds until a tracker that has raised an error is tried again."""
PATIENCE = 60.0
"""Seconds that the end of a search waits for its trackers."""


class Told:
    """A tracker and what it lacks.

    Attributes:
        lacks: the finished candidates that it was not told about, by number.
        begun: whether it was reached, so that `lacks` is without those that it had before.
        failed: when it raised an error; None if it did not since it was last reached.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.lacks: dict[int, Entry] = {}
        self.begun = False
        self.failed: float | None = None

    def tell(self, run: StoredRun) -> None:
        """Tells it about what it lacks. Whatever it raises is passed on."""
        if not self.begun:
            known = self.tracker.begin(run)
            self.lacks = {number: entry for number, entry in self.lacks.items() if identity(entry) not in known}
            self.begun = True
        for number in list(self.lacks):
            self.tracker.add(run, self.lacks[number])
            del self.lacks[number]
        self.failed = None


class Tracking:
    """Tells trackers about finished candidates in a thread of its own, so that a slow server does not stop the search.

    Trackers are first told about all finished candidates that they do not have, those of earlier sessions included. A
    tracker that raises an error is left alone for `AGAIN` seconds and then told about all that it lacks. So it has
    everything at the end of a session in which it works.

    Args:
        runs: the folder of the runs.
        trackers: the trackers.
        say: prints a line for people.
    """

    def __init__(self, runs: Path, trackers: Sequence[Tracker], say: Callable[[str], None]) -> None:
        self._runs, self._say = runs, say
        self._told = [Told(tracker) for tracker in trackers]
        self._name = ""
        self._news: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def hear(self, event: Event) -> None:
        """A listener of `valp.search.engine.search_events.Events`."""
        if event.name == "search_began":
            self._name = event.fields["run"]
            self._thread.start()
        elif event.name in ("candidate_ended", "candidate_failed"):
            self._news.put(event.fields["candidate"])

    def end(self) -> None:
        """Waits until the trackers have everything, but not for ever."""
        if not self._name:
            return
        self._news.put(None)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self._say("trackers do not answer, so they may lack candidates; the next session of this run adds them")

    def _follow(self) -> None:
        run = open_run(self._runs, self._name)
        news = [entry for entry in run.ledger.entries() if entry.result is not None]
        while True:
            for told in self._told:
                told.lacks |= {entry.number: entry for entry in news}
                if told.failed is None or time.monotonic() - told.failed > AGAIN:
                    self._tell(told, run, last=False)
            number = self._news.get()
            if number is None:
                break
            news = [run.ledger.entry(number)]
        for told in self._told:
            self._tell(told, run, last=True)

    def _tell(self, told: Told, run: StoredRun, *, last: bool) -> None:
        try:
            told.tell(run)
            if last:
                told.tracker.finish(run)
        except Exception as error:  # whatever a server or a full disk does, the search goes on
            if told.failed is None or last:
                reason = next(iter(str(error).splitlines()), "") or type(error).__name__
                later = "the next session of this run adds what it lacks" if last else "it is tried again"
                self._say(f"{told.tracker.title} cannot be written: {reason}; {later}")
            told.failed = time.monotonic()


@contextmanager
def tracking(runs: Path, trackers: Sequence[Tracker], say: Callable[[str], None]) -> Iterator[Tracking]:
    """Tells trackers about the search that begins in the block, and waits for them at its end."""
    told = Tracking(runs, trackers, say)
    try:
        yield told
    finally:
        told.end()
