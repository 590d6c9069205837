"""What a tracker is told about a candidate."""

from datetime import datetime
from typing import Protocol

from valp.search.run.folder import CURVES
from valp.search.run.ledger import Entry
from valp.search.run.run import StoredRun

Known = set[tuple[int, str]]
"""Candidates that a tracker has: their numbers, and when they ended as ISO 8601. Another candidate of the same number,
as of a run that was deleted and searched again, has ended at another time."""


class Tracker(Protocol):
    """A place outside the run that shows its candidates. Any method may raise any error, and is then called again."""

    @property
    def title(self) -> str:
        """What it is and where, for people."""

    def begin(self, run: StoredRun) -> Known:
        """Opens the place for a run, and returns what it has of it already."""

    def add(self, run: StoredRun, entry: Entry) -> None:
        """Adds a finished candidate."""

    def finish(self, run: StoredRun) -> None:
        """The session has ended, and all candidates were added."""


def identity(entry: Entry) -> tuple[int, str]:
    """A finished candidate as an element of `Known`."""
    return entry.number, ended_at(entry).isoformat()


def ended_at(entry: Entry) -> datetime:
    """When a finished candidate ended."""
    if entry.ended is None:
        raise ValueError(f"candidate {entry.number} has not ended")
    return entry.ended


def parameters_of(entry: Entry) -> dict[str, str | int | float]:
    """What was chosen for a candidate: its training, its networks, and β of each loss."""
    graph, training = entry.candidate.graph, entry.candidate.training
    told: dict[str, str | int | float] = {
        "networks": len(graph.networks),
        "kinds": "+".join(sorted(network.kind for network in graph.networks)),
        "connections": len(graph.connections),
        "balance": str(training.balance),
        "parents": ",".join(map(str, entry.parents)),
        **{name: getattr(training, name) for name in ("steps", "batch", "learning_rate", "decay", "kl_warmup", "seed")},
    }
    return told | {f"beta/{loss.kind}:{loss.truth or loss.prediction}": loss.beta for loss in graph.losses}


def measures_of(entry: Entry) -> dict[str, float]:
    """What was measured of a candidate: its validation scores, their standard errors, samples and seconds."""
    result = entry.result
    if result is None:
        return {}
    errors = {f"{name}/error": value for name, value in result.errors.items()}
    seen = {"samples_seen": result.samples_seen, "samples_seen_with_parents": entry.samples_seen_with_parents}
    seconds = dict(zip(("training_seconds", "scoring_seconds"), result.seconds, strict=True))
    return {name: float(value) for name, value in (result.scores | errors | seen | seconds).items()}


def curves_of(run: StoredRun, entry: Entry) -> dict[str, list[tuple[int, float]]]:
    """The losses of a candidate's training: for each, steps and values. Empty if it has none."""
    file = run.folder.candidate(entry.number) / CURVES
    if not file.is_file():
        return {}
    head, *rows = [line.split(",") for line in file.read_text().splitlines()]
    return {
        f"loss/{name}": [(int(row[0]), float(row[place])) for row in rows if len(row) == len(head)]
        for place, name in enumerate(head)
        if place
    }
