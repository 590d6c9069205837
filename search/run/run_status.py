"""What a search does, told from what its run keeps: the lock, the record of the session, and the ledger.

Only reads. A driver is running if the run is locked. The record says what it is doing; a record without an end is
believed only while the run is locked, because a killed driver leaves one behind. A run in PostgreSQL may have several
drivers, each with a lock in the database and a record in a folder of its own.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from valp.errors import FileError
from valp.search.run.failure_counts import failure_counts
from valp.search.run.folder import existing
from valp.search.run.ledger_entry import Entry, by_end
from valp.search.run.lock import LOCK, is_held
from valp.search.run.open_study import in_a_sentence
from valp.search.run.postgres.address import Place
from valp.search.run.postgres.shared_claims import processes_at_work
from valp.search.run.run import StoredRun, open_run
from valp.search.run.session_record import (
    DRIVERS,
    WINDOW,
    CurrentJob,
    EndReason,
    SessionError,
    SessionRecord,
    read_session,
    together,
)

RunState = Literal["running", "finished", "interrupted", "locked", "no driver"]
"""The state of a search. `locked`: a command has locked the run, and it is not known to search. `no driver`: no driver
is running, and it is not known how many candidates were asked for, because an earlier version searched the run."""

CHECKS, PAUSE = 20, 0.25
"""How often a run that a driver is just creating or ending is read again, and the seconds between."""


@dataclass(frozen=True)
class RunStatus:
    """What a search does.

    Attributes:
        run: the run.
        now: when this was found out.
        state: its state.
        session: the record of the last session, or of all drivers that are running together; None if there is none.
        entries: the candidates of the ledger.
        drivers: the records of the drivers that are running, if several may.
    """

    run: StoredRun
    now: datetime
    state: RunState
    session: SessionRecord | None
    entries: tuple[Entry, ...]
    drivers: tuple[SessionRecord, ...] = ()

    def count(self, state: str) -> int:
        """The number of candidates in a state."""
        return sum(entry.state == state for entry in self.entries)

    @property
    def total(self) -> int | None:
        """The number of candidates in the finished run; None if it is not known."""
        return None if self.session is None else max(self.session.candidates, len(self.entries))

    @property
    def ended(self) -> int:
        """The number of candidates that have ended."""
        return len(self.entries) - self.count("running")

    @property
    def jobs(self) -> tuple[CurrentJob, ...]:
        """What is being trained now. Empty unless a driver is running."""
        if self.state != "running" or self.session is None:
            return ()
        ended = {entry.number for entry in self.entries if entry.state != "running"}
        return tuple(job for job in self.session.jobs if job.candidate not in ended)

    @property
    def reason(self) -> EndReason | None:
        """Why the last session ended; None if it runs or is not known."""
        return None if self.session is None or self.state == "running" else self.session.reason or "killed"

    @property
    def rates(self) -> tuple[float, float] | None:
        """Candidates and samples per minute, of the latest candidates; None unless candidates end in this session."""
        if self.state != "running" or self.session is None:
            return None
        found = [_rates(session, self.now) for session in self.drivers or (self.session,)]
        told = [rates for rates in found if rates is not None]
        return (sum(rates[0] for rates in told), sum(rates[1] for rates in told)) if told else None

    @property
    def seconds_left(self) -> float | None:
        """The estimated seconds until all candidates have ended, from the rate; None if it is not known."""
        return None if self.rates is None or self.total is None else (self.total - self.ended) / self.rates[0] * 60

    @property
    def failures(self) -> list[tuple[str, int]]:
        """The reasons of failed candidates with their counts, the most common first."""
        results = (entry.result for entry in self.entries)
        return failure_counts(result.failure for result in results if result is not None and result.failure)

    @property
    def last_error(self) -> SessionError | None:
        """The latest failure of a candidate, or error, failure or retry of the last session; None if there is none."""
        found = [] if self.session is None or self.session.last_error is None else [self.session.last_error]
        failed = [entry for entry in by_end(self.entries) if entry.result is not None and entry.result.failure]
        for entry in failed[-1:]:
            if entry.ended is not None and entry.result is not None:
                text = f"candidate {entry.number}: {entry.result.failure}"
                found.append(SessionError(at=entry.ended.astimezone(UTC), text=text))  # the ledger's is local time
        return max(found, key=lambda error: error.at, default=None)

    @property
    def best(self) -> dict[str, tuple[float, int]]:
        """The best value of each objective so far, and the number of its candidate."""
        complete = [entry for entry in self.entries if entry.state == "complete" and entry.result is not None]
        found: dict[str, tuple[float, int]] = {}
        for name, metric in self.run.objectives.items():
            for entry in complete:
                value = None if entry.result is None else entry.result.scores.get(name)
                if value is not None and (name not in found or metric.score.better(value, found[name][0])):
                    found[name] = value, entry.number
        return found

    def document(self) -> dict[str, Any]:
        """The status as a JSON object, as in `valp status --json`."""
        session, rates, last = self.session, self.rates, self.last_error
        told = self.run.ledger.baselines
        results = [result for codes in told.values() for result in codes.values()]
        baselines = self.run.baselines.best
        return {
            "run": self.run.folder.name,
            "time": self.now.isoformat(),
            "state": self.state,
            "reason": self.reason,
            "message": None if session is None or self.state == "running" else session.message,
            "problem": self.run.settings.problem,
            "strategy": self.run.settings.strategy,
            "session": None if session is None else self._session(session),
            "drivers": [self._session(driver) for driver in self.drivers],
            "candidates": {
                "total": self.total,
                "complete": self.count("complete"),
                "pruned": self.count("pruned"),
                "failed": self.count("failed"),
                "unfinished": self.count("running"),
            },
            "samples_seen": sum(entry.result.samples_seen for entry in self.entries if entry.result is not None),
            "preparing": session.preparing if session is not None and self.state == "running" else None,
            "jobs": [
                job.model_dump(mode="json") | {"seconds": round(max(0.0, (self.now - job.since).total_seconds()), 3)}
                for job in self.jobs
            ],
            "candidates_per_minute": None if rates is None else rates[0],
            "samples_per_minute": None if rates is None else rates[1],
            "seconds_left": self.seconds_left,
            "last_error": None if last is None else last.model_dump(mode="json"),
            "failures": [{"reason": reason, "count": count} for reason, count in self.failures],
            "baselines": {
                "level": self.run.settings.baselines,
                "finished": sum(result.failure is None for result in results),
                "failed": sum(result.failure is not None for result in results),
                "waiting": self.baselines_waiting,
                "best": {
                    name: {"value": baselines[name].value, "baseline": baselines[name].title}
                    for name in self.run.objectives
                    if name in baselines
                },
            },
            "best": {name: {"value": value, "candidate": number} for name, (value, number) in self.best.items()},
            "front": [entry.number for entry in self.run.ledger.front(self.entries)],
        }

    @property
    def baselines_waiting(self) -> int | None:
        """The single-task networks that wait to be trained; None unless a driver is running."""
        return self.session.baselines_waiting if self.session is not None and self.state == "running" else None

    def _session(self, session: SessionRecord) -> dict[str, Any]:
        end = self.now if self.state == "running" else session.ended or session.updated
        told = session.model_dump(mode="json", include={"host", "process", "workers", "began", "updated", "deadline"})
        return told | {
            "ended": None if self.state == "running" else end.isoformat(),
            "seconds": round(max(0.0, (end - session.began).total_seconds()), 3),
        }


def _rates(session: SessionRecord, now: datetime) -> tuple[float, float] | None:
    """Candidates and samples per minute of one driver; None unless candidates end in its session."""
    if session.candidates_since is None or not session.recent:
        return None
    first, *later = session.recent
    full = len(session.recent) > WINDOW  # then the first only says when the window begins
    counted = later if full else session.recent
    since = first.at if full else session.candidates_since
    minutes = max((now - since).total_seconds(), 1e-3) / 60
    return len(counted) / minutes, sum(end.samples for end in counted) / minutes


def status_of(run: StoredRun) -> RunStatus:
    """What the search of a run does now.

    Raises:
        FileError: if the ledger cannot be read.
    """
    drivers: tuple[SessionRecord, ...] = ()
    if isinstance(run.ledger.place, Place):
        held, session, drivers = _drivers_and_session(run)
    else:
        held, session = _lock_and_session(run.folder.path)
    entries = tuple(run.ledger.entries())
    state: RunState
    if held:
        state = "running" if session is not None and session.ended is None else "locked"
    elif session is None:
        state = "interrupted" if any(entry.state == "running" for entry in entries) else "no driver"
    else:
        ended = sum(entry.state != "running" for entry in entries)
        whole = session.reason == "complete" and ended == len(entries) >= session.candidates
        state = "finished" if whole else "interrupted"
    return RunStatus(run, datetime.now(UTC), state, session, entries, drivers)


def open_to_watch(runs: Path, name: str) -> StoredRun:
    """Opens a run without writing to it. A run that a driver is just creating is waited for, for some seconds.

    Raises:
        FileError: if the run does not exist or is damaged.
        SettingError: if an objective of the run is a score that is not installed.
    """
    folder = existing(runs, name)
    for _ in range(CHECKS):
        try:
            return open_run(runs, name, read_only=True)
        except FileError:
            if not is_held(folder.path / LOCK):
                break
            time.sleep(PAUSE)
    return open_run(runs, name, read_only=True)


def _drivers_and_session(run: StoredRun) -> tuple[bool, SessionRecord | None, tuple[SessionRecord, ...]]:
    """Whether a process works on a run in PostgreSQL, the record of the session, and those of the running drivers."""
    with in_a_sentence(run.ledger.where):
        rows = processes_at_work(run.ledger)
    folder = run.folder.path
    read = {row.name: read_session(folder / DRIVERS / row.name) for row in rows}
    at_work = [record for row in rows if row.held and (record := read[row.name]) is not None]
    running = [record for record in at_work if record.ended is None]
    if any(row.held for row in rows):
        return True, together(running) if running else None, tuple(running)
    records = [record for record in (read_session(folder), *read.values()) if record is not None]
    last = max(records, key=lambda record: record.updated, default=None)
    return False, last, ()


def _lock_and_session(folder: Path) -> tuple[bool, SessionRecord | None]:
    """Whether a run is locked, and its record, both at the same time: the lock is the same before and after."""
    held = is_held(folder / LOCK)
    for _ in range(CHECKS):
        session = read_session(folder)
        before, held = held, is_held(folder / LOCK)
        if held == before:
            break
    return held, session
