"""What happens in a search, as events: the table of all events, and how they are passed on.

The log (`valp search --log-json`) has a line for each event, and the record of the session is made of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that has happened in a search.

    Attributes:
        name: a row of `EVENTS`.
        at: when, in UTC.
        fields: its fields, JSON values by name. They are those of the row.
    """

    name: str
    at: datetime
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class EventKind:
    """A row of `EVENTS`.

    Attributes:
        sentence: what has happened.
        fields: the types of its fields by name, as JSON Schema names them; `or null` if a field may be absent.
    """

    sentence: str
    fields: Mapping[str, str]


JOB = {"title": "string", "candidate": "integer or null"}
SCORED = {"scores": "object", "errors": "object", "parameters": "integer", "samples_seen": "integer"}
TIMED = {"training_seconds": "number", "scoring_seconds": "number"}
COUNTS = {"complete": "integer", "pruned": "integer", "failed": "integer"}

EVENTS: Mapping[str, EventKind] = MappingProxyType(
    {
        "search_began": EventKind(
            "A session of the search began. The counts are those of earlier sessions.",
            {
                "run": "string",
                "resumed": "boolean",
                "problem": "string",
                "strategy": "string",
                "objectives": "array",
                "candidates": "integer",
                "steps": "integer",
                "batch": "integer",
                "seed": "integer",
                "workers": "integer",
                "hours": "number or null",
                "host": "string",
                "process": "integer",
                "versions": "object",
            }
            | COUNTS,
        ),
        "note": EventKind("A line that the search prints.", {"text": "string"}),
        "preparing": EventKind(
            "A preparation began, such as the training of a judge or the fit of a linear model.", {"title": "string"}
        ),
        "training_began": EventKind("The preparations are over.", {"deadline": "string or null"}),
        "baselines_queued": EventKind("Single-task networks wait to be trained.", {"count": "integer"}),
        "baseline_started": EventKind(
            "A single-task network is trained.",
            {"title": "string", "output": "string", "code": "string", "attempt": "integer"},
        ),
        "baseline_ended": EventKind(
            "A baseline was fitted or trained, or failed. If `recorded` is false, the next session trains it again.",
            {"title": "string", "output": "string", "code": "string"}
            | SCORED
            | TIMED
            | {"failure": "string or null", "recorded": "boolean"},
        ),
        "candidate_proposed": EventKind(
            "The strategy proposed a candidate.",
            {
                "candidate": "integer",
                "parents": "array",
                "networks": "integer",
                "steps": "integer",
                "batch": "integer",
                "learning_rate": "number",
            },
        ),
        "candidate_started": EventKind(
            "A candidate is trained.", {"candidate": "integer", "parents": "array", "attempt": "integer"}
        ),
        "candidate_rung": EventKind(
            "A candidate reached a rung, after `steps` steps. If `goes_on` is false, it is stopped.",
            {"candidate": "integer", "steps": "integer", "scores": "object", "goes_on": "boolean"},
        ),
        "candidate_ended": EventKind(
            "The ledger has a candidate's scores. `state` is complete or pruned (stopped at a rung). `front` says "
            "whether it is on the front now. If `recovered` is true, an earlier session trained it.",
            {"candidate": "integer", "state": "string", "front": "boolean", "recovered": "boolean"} | SCORED | TIMED,
        ),
        "candidate_failed": EventKind(
            "The ledger has a candidate's failure. `log` is the end of its log.",
            {
                "candidate": "integer",
                "reason": "string",
                "log": "string",
                "samples_seen": "integer",
                "recovered": "boolean",
            }
            | TIMED,
        ),
        "worker_lost": EventKind(
            "The process that trained something ended. `log` is the end of its log.",
            JOB | {"attempt": "integer", "reason": "string", "log": "string"},
        ),
        "retry": EventKind(
            "A training that ended by nobody's fault is tried again. `attempt` is the number of the new attempt.",
            JOB | {"attempt": "integer", "reason": "string", "from_scratch": "boolean"},
        ),
        "unfinished": EventKind(
            "A training ended without a result: by a fault of the machine or because the time is over, and the next "
            "session runs it again; or because another driver has taken the candidate over.",
            JOB | {"reason": "string"},
        ),
        "search_ended": EventKind(
            "The session ended. `reason` is complete (nothing is left to do), deadline (--hours), interrupted (by the "
            "signal that `message` names, or by the program that called `launch`) or error (in `message`). `seconds` "
            "are those of the session.",
            {"reason": "string", "message": "string or null", "seconds": "number"} | COUNTS,
        ),
        "events_lost": EventKind(
            "The log could not be written for a time, and `count` events are missing here.", {"count": "integer"}
        ),
    }
)
"""All events by name."""


class Events:
    """Passes events on to all listeners, in the order in which they are given."""

    def __init__(self, *listeners: Callable[[Event], None]) -> None:
        self._listeners = listeners

    def tell(self, name: str, **fields: Any) -> None:
        """Passes on an event that happens now.

        Raises:
            KeyError: if there is no such event, or its fields are not those of its row.
        """
        if fields.keys() != EVENTS[name].fields.keys():
            raise KeyError(f"{name} has fields {sorted(EVENTS[name].fields)}, but got {sorted(fields)}")
        event = Event(name, datetime.now(UTC), fields)
        for hear in self._listeners:
            hear(event)
