"""Tells trackers about the candidates of a search, beside the search."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from valp.errors import SettingError
from valp.search.engine.search_events import Event
from valp.search.run.postgres.address import Address
from valp.search.run.run import StoredRun, open_run
from valp.search.track.tracker import Tracker

AGAIN = 30.0
"""Seconds until a tracker that has raised an error is tried again; at the end of a search, a tenth of that."""
PATIENCE = 20.0
"""Seconds without progress after which the end of a search no longer waits for a tracker."""
HURRY = 5.0
"""The same if the search was interrupted."""
QUIET = 3.0
"""Seconds after which the end of a search says what it waits for."""
MOST_ERRORS = 3
"""After so many candidates that cannot be added, the others wait too: the place is probably down."""


class Teller(threading.Thread):
    """Tells one tracker about the finished candidates of a search.

    It first tells it about all that it lacks, those of earlier sessions included. After an error it waits, and tries
    again what is missing.

    Args:
        tracker: the tracker.
        opened: opens the run.
        say: prints a line for people.

    Attributes:
        progress: when it last added a candidate, or began.
        lacking: how many finished candidates the tracker lacks, as far as known.
    """

    def __init__(self, tracker: Tracker, opened: Callable[[], StoredRun], say: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self.tracker, self.progress = tracker, time.monotonic()
        self._opened, self._say = opened, say
        self._news: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._run: StoredRun | None = None
        self._has: set[int] | None = None
        self._lacks: set[int] = set()
        self._ending = self._failed = False

    @property
    def lacking(self) -> int:
        """See above."""
        return len(self._lacks)

    def hear(self, number: int | None) -> None:
        """A candidate is finished; None: the search has ended."""
        self._news.put(number)

    def run(self) -> None:
        """The thread: ends when the search has ended and the tracker has everything."""
        while True:
            try:
                told = self._tried()
            except SettingError as error:  # waiting does not help
                self._say_if_possible(f"{self.tracker.title} lacks candidates: {error}")
                return
            if told and self._ending:
                return
            self._wait(None if told else AGAIN / 10 if self._ending else AGAIN)

    def _wait(self, seconds: float | None) -> None:
        """Waits for news, and takes all there are."""
        with suppress(queue.Empty):
            number = self._news.get(timeout=seconds)
            while True:
                if number is None:
                    self._ending = True
                else:
                    self._lacks.add(number)
                number = self._news.get_nowait()

    def _tried(self) -> bool:
        try:
            self._tell()
        except SettingError:
            raise
        except Exception as error:  # whatever a server or a full disk does, the search goes on
            if not self._failed:
                reason = next(iter(str(error).splitlines()), "") or type(error).__name__
                self._say_if_possible(f"{self.tracker.title} lacks candidates: {reason}; it is tried again")
            self._failed = True
            return False
        self._failed = False
        return True

    def _say_if_possible(self, line: str) -> None:
        with suppress(OSError):  # stderr may be gone
            self._say(line)

    def _tell(self) -> None:
        if self._run is None:
            self._run = self._opened()
        if self._has is None:
            has = self.tracker.begin(self._run)
            self._lacks |= {entry.number for entry in self._run.ledger.entries() if entry.result is not None}
            self._has = has
        errors: list[Exception] = []
        for number in sorted(self._lacks):
            try:
                if number not in self._has:
                    self.tracker.add(self._run, self._run.ledger.entry(number))
                    self._has.add(number)
                    self.progress = time.monotonic()
                self._lacks.discard(number)
            except Exception as error:
                errors.append(error)
                if len(errors) == MOST_ERRORS:
                    break
        if errors:
            raise errors[0]
        if self._ending:
            self.tracker.finish(self._run)


class Tracking:
    """Tells trackers about the candidates of searches, each in a thread of its own.

    So neither a slow server nor one that is down stops the search or the other trackers.

    Args:
        runs: the folder of the runs.
        trackers: the trackers.
        say: prints a line for people.
        database: the address of the runs' database with its password; None if the environment has it.
    """

    def __init__(
        self, runs: Path, trackers: Sequence[Tracker], say: Callable[[str], None], database: Address | None = None
    ) -> None:
        self._runs, self._trackers, self._say, self._database = runs, trackers, say, database
        self._tellers: list[Teller] = []

    def hear(self, event: Event) -> None:
        """A listener of `valp.search.engine.search_events.Events`."""
        if event.name == "search_began":
            self.end()
            name = event.fields["run"]

            def opened() -> StoredRun:
                return open_run(self._runs, name, address=self._database)

            self._tellers = [Teller(tracker, opened, self._say) for tracker in self._trackers]
            for teller in self._tellers:
                teller.start()
        elif event.name in ("candidate_ended", "candidate_failed"):
            for teller in self._tellers:
                teller.hear(event.fields["candidate"])

    def end(self, patience: float | None = None) -> None:
        """Waits until the trackers have everything, but not for ever.

        Args:
            patience: the seconds without progress after which it no longer waits; `PATIENCE` by default.
        """
        for teller in self._tellers:
            teller.hear(None)
        began = time.monotonic()
        for teller in self._tellers:
            said = False
            while teller.is_alive():
                teller.join(0.1)
                now = time.monotonic()
                if now - max(began, teller.progress) > (PATIENCE if patience is None else patience):
                    many = f"{teller.lacking} candidates" if teller.lacking else "candidates"
                    self._say(f"{teller.tracker.title} may lack {many}; the next session of this run adds them")
                    break
                if not said and now - began > QUIET:
                    said = True
                    self._say(f"waiting for {teller.tracker.title}")
        self._tellers = []


@contextmanager
def tracking(
    runs: Path, trackers: Sequence[Tracker], say: Callable[[str], None], database: Address | None = None
) -> Iterator[Tracking]:
    """Tells trackers about the searches that begin in the block, and waits for them at its end.

    Args:
        runs: the folder of the runs.
        trackers: the trackers.
        say: prints a line for people.
        database: the address of the runs' database with its password; None if the environment has it.
    """
    told = Tracking(runs, trackers, say, database)
    try:
        yield told
    except Exception:
        told.end()
        raise
    except BaseException:  # interrupted
        told.end(HURRY)
        raise
    told.end()
