"""Keeps the record of a session up to date with the events of the search."""

import os
import platform
from datetime import datetime
from pathlib import Path
from typing import Any

from valp.search.engine.search_events import Event
from valp.search.run.session_record import (
    WINDOW,
    CurrentJob,
    RecentEnd,
    SessionError,
    SessionRecord,
    read_session,
    write_session,
)


class SessionRecorder:
    """Writes the record of a session at each event that changes it. A listener of `Events`.

    Nothing is written before `start`, so a command that has nothing to do changes no file of the run.

    Args:
        folder: the folder for the record: the run's, or one for this driver if several may search the run.
        candidates: the number of candidates in the finished run.
        workers: the number of candidates trained at once.
        now: when the session begins.
    """

    def __init__(self, folder: Path, candidates: int, workers: int, now: datetime) -> None:
        self._folder, self._writes = folder, False
        self._record = SessionRecord(
            host=platform.node(), process=os.getpid(), began=now, updated=now, candidates=candidates, workers=workers
        )

    def start(self) -> None:
        """Writes the record from now on."""
        self._writes = True
        write_session(self._folder, self._record)

    def hear(self, event: Event) -> None:
        """Takes an event into the record."""
        change = self._change(event)
        if not change:
            return
        self._record = self._record.model_copy(update=change)
        if not self._writes and event.name == "search_ended":  # it had nothing to do, or could not begin
            held = read_session(self._folder)
            self._writes = held is None or held.reason != self._record.reason
        if self._writes:
            write_session(self._folder, self._record)

    def _change(self, event: Event) -> dict[str, Any]:
        """The attributes of the record that an event changes."""
        record, fields = self._record, event.fields
        match event.name:
            case "preparing":
                return {"preparing": fields["title"]}
            case "training_began":
                return {
                    "preparing": None,
                    "deadline": fields["deadline"] and datetime.fromisoformat(fields["deadline"]),
                }
            case "baselines_queued":
                return {"baselines_waiting": record.baselines_waiting + fields["count"]}
            case "baseline_started":
                job = CurrentJob(title=fields["title"], attempt=fields["attempt"], since=event.at)
                first = fields["attempt"] == 1
                waiting = record.baselines_waiting - int(first)
                return {"jobs": (*record.jobs, job), "baselines_waiting": waiting, "preparing": None}
            case "candidate_started":
                number, title = fields["candidate"], f"candidate {fields['candidate']}"
                job = CurrentJob(
                    title=title,
                    candidate=number,
                    parents=fields["parents"],
                    attempt=fields["attempt"],
                    since=event.at,
                )
                since = record.candidates_since or event.at
                return {"jobs": (*record.jobs, job), "candidates_since": since, "preparing": None}
            case "baseline_ended":
                title, failure = fields["title"], fields["failure"]
                done = self._without(title) | {"preparing": None}
                return done | (_error(event, f"{title}: {failure}") if failure else {})
            case "candidate_ended" | "candidate_failed":
                return self._ended(event)
            case "worker_lost":
                return self._without(fields["title"])
            case "retry":
                title = fields["title"]
                return self._without(title) | _error(event, f"{title} is tried again: {fields['reason']}")
            case "unfinished":
                title = fields["title"]
                return self._without(title) | _error(event, f"{title} is not finished: {fields['reason']}")
            case "search_ended":
                end = {"ended": event.at, "reason": fields["reason"], "message": fields["message"]}
                wrong = _error(event, fields["message"]) if fields["reason"] == "error" else {}
                return {"jobs": (), "preparing": None} | end | wrong
        return {}

    def _ended(self, event: Event) -> dict[str, Any]:
        """What changes when a candidate ends."""
        fields = event.fields
        change = self._without(f"candidate {fields['candidate']}")
        if event.name == "candidate_failed":
            change |= _error(event, f"candidate {fields['candidate']}: {fields['reason']}")
        if not fields["recovered"]:
            recent = (*self._record.recent, RecentEnd(at=event.at, samples=fields["samples_seen"]))
            change["recent"] = recent[-WINDOW - 1 :]
        return change

    def _without(self, title: str) -> dict[str, Any]:
        """The jobs without one that has ended."""
        return {"jobs": tuple(job for job in self._record.jobs if job.title != title)}


def _error(event: Event, text: str) -> dict[str, Any]:
    """A new last error."""
    return {"last_error": SessionError(at=event.at, text=text)}
