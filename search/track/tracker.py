"""What a tracker is told about a candidate."""

import threading
import uuid
from typing import Protocol

from valp.errors import FileError
from valp.files import read_bytes, write_text
from valp.search.run.folder import CURVES, Folder, read_curves_file
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun

IDENTITY = "tracked.txt"
"""The file in a run's folder with the identity of the run: a run of the same name in another folder is another run."""
ONE_AT_A_TIME = threading.Lock()
"""Held while an identity is made: each tracker has a thread of its own."""


class Tracker(Protocol):
    """A place outside the run that shows its candidates.

    A method that raises `SettingError` ends the tracking. After any other error it is called again.
    """

    @property
    def title(self) -> str:
        """What it is and where, for people."""

    def begin(self, run: StoredRun) -> set[int]:
        """Opens the place for a run, and returns the numbers of the candidates of this run that it has already."""

    def add(self, run: StoredRun, entry: Entry) -> None:
        """Adds a finished candidate, in place of what an interrupted call has left of it."""

    def finish(self, run: StoredRun) -> None:
        """The session has ended, and all candidates were added."""


def identity_of(folder: Folder) -> str:
    """The identity of a run, which is made when it is first asked for.

    Raises:
        FileError: if the run's folder cannot be read or written.
    """
    file = folder.path / IDENTITY
    with ONE_AT_A_TIME:
        if not file.is_file():
            write_text(file, f"{uuid.uuid4().hex}\n")
    text = read_bytes(file).decode(errors="replace").strip()
    if not text.isalnum():
        raise FileError(f"{file} is damaged: delete it, and all candidates are added again")
    return text


def ended_at(entry: Entry) -> float:
    """When a finished candidate ended, in seconds since 1970."""
    if entry.ended is None:
        raise ValueError(f"candidate {entry.number} has not ended")
    return entry.ended.timestamp()


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
    """The losses of a candidate's training: for each, steps and values. Empty if there are none that can be read."""
    file = run.folder.candidate(entry.number) / CURVES
    try:
        held = read_curves_file(file)
        steps = [int(step) for step in held.pop("step")]
    except (OSError, ValueError, KeyError):  # a damaged file has no curves
        return {}
    return {f"loss/{name}": list(zip(steps, values, strict=True)) for name, values in held.items()}
