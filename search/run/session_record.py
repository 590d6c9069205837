"""The record of a session, `session.json` in a run's folder: what its driver does, for other processes to read.

The ledger is the state of a search, and nothing of a search depends on this record. It says what the ledger does not:
how many candidates were asked for, what is being trained, and why the last session ended. A driver that is killed
leaves a record without an end. Whether a driver is running is told by the run's lock only.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime

from valp.errors import FileError
from valp.files import read_model, write_text
from valp.graph.frozen import Frozen

SESSION = "session.json"
"""The name of the record in a run's folder."""

WINDOW = 20
"""The rates of a search are those of its latest candidates, at most this many."""

EndReason = Literal["complete", "deadline", "interrupted", "error", "killed"]
"""Why a session ended: it had nothing left to do, its time was over, it got a signal, an error ended it, or it was
killed and left no end."""


class CurrentJob(Frozen, extra="ignore"):
    """What a worker is training.

    Attributes:
        title: the name of the candidate or single-task network.
        candidate: the candidate's number; None for a single-task network.
        parents: the candidates whose weights it inherits.
        attempt: 1 at the first attempt.
        since: when it was handed out.
    """

    title: str
    candidate: int | None = None
    parents: tuple[int, ...] = ()
    attempt: int = 1
    since: AwareDatetime


class RecentEnd(Frozen, extra="ignore"):
    """A candidate that has ended: when, and how many samples its own training has seen."""

    at: AwareDatetime
    samples: int


class SessionError(Frozen, extra="ignore"):
    """Something that went wrong: one sentence, and when."""

    at: AwareDatetime
    text: str


class SessionRecord(Frozen, extra="ignore"):
    """A session of a search. Times are in UTC. Fields that a later version adds are ignored.

    Attributes:
        host, process: the machine of the driver, and its process id.
        began: when the session began.
        updated: when the record was written.
        candidates: the number of candidates in the finished run.
        workers: the number of candidates trained at once; 0 if the driver itself trains.
        deadline: when no further job is handed out; None without a limit.
        preparing: what is being prepared, such as a judge; None if nothing is.
        jobs: what is being trained, in the order of starting.
        baselines_waiting: the single-task networks that are not yet trained, without those in `jobs`.
        candidates_since: when the first candidate of this session was handed out.
        recent: the latest candidates of this session that ended, the oldest first: at most `WINDOW` and one before.
        last_error: the latest failure, retry or error of this session.
        ended: when the session ended; None if it has not. If it was killed, this is its last sign of life.
        reason: why it ended.
        message: the error or signal that ended it.
    """

    schema_version: Literal[1] = 1
    host: str
    process: int
    began: AwareDatetime
    updated: AwareDatetime
    candidates: int
    workers: int
    deadline: AwareDatetime | None = None
    preparing: str | None = None
    jobs: tuple[CurrentJob, ...] = ()
    baselines_waiting: int = 0
    candidates_since: AwareDatetime | None = None
    recent: tuple[RecentEnd, ...] = ()
    last_error: SessionError | None = None
    ended: AwareDatetime | None = None
    reason: EndReason | None = None
    message: str | None = None


DRIVERS = "drivers"
"""The folder in a run's folder with a folder for the record of each driver, where several may search the run."""


def read_session(folder: Path) -> SessionRecord | None:
    """The record in a run's folder; None if there is none that can be read."""
    try:
        return read_model(SessionRecord, folder / SESSION)
    except FileError:
        return None


def together(records: Sequence[SessionRecord]) -> SessionRecord:
    """The records of several drivers that search one run, as one.

    Its host and process are those of the driver that began first. The rates are not in it: each record has its own.
    """
    first, *others = sorted(records, key=lambda record: record.began)
    if not others:
        return first
    errors = [record.last_error for record in records if record.last_error is not None]
    deadlines = [record.deadline for record in records]
    return first.model_copy(
        update={
            "updated": max(record.updated for record in records),
            "candidates": max(record.candidates for record in records),
            "workers": sum(record.workers for record in records),
            "deadline": None if None in deadlines else max(one for one in deadlines if one is not None),
            "preparing": next((record.preparing for record in records if record.preparing is not None), None),
            "jobs": tuple(job for record in (first, *others) for job in record.jobs),
            "baselines_waiting": max(record.baselines_waiting for record in records),
            "last_error": max(errors, key=lambda error: error.at, default=None),
        }
    )


def write_session(folder: Path, record: SessionRecord) -> None:
    """Writes the record into a run's folder. If that fails, an older record is removed, because it is no longer true.

    Nothing is raised, because a search does not depend on its record.
    """
    now = record.model_copy(update={"updated": datetime.now(UTC)})
    try:
        write_text(folder / SESSION, now.model_dump_json(indent=1))
    except FileError:
        with suppress(OSError):
            (folder / SESSION).unlink()


def close_killed_session(folder: Path) -> None:
    """Records the end of a session that was killed, so that its driver is gone."""
    record = read_session(folder)
    if record is not None and record.ended is None:
        end = {"ended": record.updated, "reason": "killed", "jobs": (), "preparing": None}
        write_session(folder, record.model_copy(update=end))
