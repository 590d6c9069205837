"""The pictures of candidates as Optuna's artifacts, drawn when a page asks for them; none is written into the run."""

import json
import mimetypes
from collections.abc import Callable
from functools import cached_property
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from bottle import HTTPError  # type: ignore[import-untyped] # it ships no types

from valp.draw.draw import draw_svg
from valp.errors import FileError, ValpError
from valp.search.run.folder import GRAPH, WEIGHTS, samples_names
from valp.search.run.ledger import Entry
from valp.search.run.run import StoredRun
from valp.search.show.pictures import draw_samples
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.problem import Problem

PREFIX = "artifacts:"
"""Begins the name of the attribute by which Optuna finds an artifact."""


class Pictures:
    """An artifact store of Optuna's that holds nothing: `number-place` is a picture of a candidate.

    Args:
        run: the run.
        drawn: a folder for the pictures of samples that the run does not have.
        say: is told why samples cannot be drawn.
    """

    def __init__(self, run: StoredRun, drawn: Path, say: Callable[[str], None]) -> None:
        self._run, self._folder, self._say = run, drawn, say
        self._names = (GRAPH, *samples_names(run.problem).values())
        self._lock = Lock()  # what two pages ask for at once is loaded and drawn once
        self._drawn: dict[int, bytes] = {}

    def of(self, entry: Entry) -> dict[str, str]:
        """The pictures that can be shown of a candidate: their file names, by their artifacts."""
        shown = self._names if self.has_samples(entry) else (GRAPH,)
        return {f"{entry.number}-{place}": name for place, name in enumerate(shown)}

    def has_samples(self, entry: Entry) -> bool:
        """Whether a candidate's samples are drawn, or its weights are there to draw them."""
        path = self._run.folder.candidate(entry.number)
        return self.has_weights(entry) or all((path / name).is_file() for name in self._names[1:])

    def has_weights(self, entry: Entry) -> bool:
        """Whether a candidate is complete and its weights are kept."""
        return entry.state == "complete" and (self._run.folder.candidate(entry.number) / WEIGHTS).is_file()

    def attributes(self, entry: Entry) -> dict[str, str]:
        """What Optuna keeps of a trial's artifacts."""
        return {
            f"{PREFIX}{artifact}": json.dumps(
                {
                    "artifact_id": artifact,
                    "filename": name,
                    "mimetype": mimetypes.guess_type(name)[0],
                    "encoding": None,
                }
            )
            for artifact, name in self.of(entry).items()
        }

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """A picture; the dashboard answers 404 if it cannot be drawn (any more)."""
        number, _, place = artifact_id.partition("-")
        try:
            entry, name = self._run.ledger.entry(int(number)), self._names[int(place)]
            with self._lock:
                return BytesIO(self._graph(entry) if name == GRAPH else self._samples(entry, name))
        except (ValueError, IndexError, ValpError) as error:
            raise HTTPError(404, str(error)) from error

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Refused: see `valp.search.show.dashboard.run_view.RunView`."""
        raise NotImplementedError("the dashboard only shows a run")

    def remove(self, artifact_id: str) -> None:
        """Refused: see `valp.search.show.dashboard.run_view.RunView`."""
        raise NotImplementedError("the dashboard only shows a run")

    def _graph(self, entry: Entry) -> bytes:
        if entry.number not in self._drawn:
            title = f"{self._run.folder.name}, candidate {entry.number}"
            self._drawn[entry.number] = draw_svg(entry.candidate.graph, title=title).encode()
        return self._drawn[entry.number]

    def _samples(self, entry: Entry, name: str) -> bytes:
        drawn = self._folder / str(entry.number)
        for folder in (self._run.folder.candidate(entry.number), drawn):
            if (folder / name).is_file():
                return (folder / name).read_bytes()
        if self._problem is None:
            raise FileError(f"the data of {self._run.problem.name} are not there to draw {name}")
        draw_samples(self._run, entry, self._problem, into=drawn)
        return (drawn / name).read_bytes()

    @cached_property
    def _problem(self) -> Problem | None:
        settings = self._run.settings
        try:
            return load_problem(settings.source or settings.problem)
        except ValpError as error:
            self._say(f"samples that are not drawn yet cannot be shown: {error}")
            return None
