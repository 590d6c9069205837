"""The pictures of candidates as Optuna artifacts, drawn when a page requests them. Nothing is written into the run."""

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
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun
from valp.search.show.pictures import draw_samples
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.problem import Problem

PREFIX = "artifacts:"
"""The prefix of the attributes in which Optuna looks for artifacts."""


class Pictures:
    """An Optuna artifact store that draws pictures instead of storing them.

    The artifact `NUMBER-PLACE` is the picture at a place of `of` for the candidate with a number.

    Args:
        run: the run.
        drawn: a folder for the pictures of samples that the run does not have.
        say: gets a line that says why samples cannot be drawn.
    """

    def __init__(self, run: StoredRun, drawn: Path, say: Callable[[str], None]) -> None:
        self._run, self._folder, self._say = run, drawn, say
        self._names = (GRAPH, *samples_names(run.problem).values())
        self._lock = Lock()  # so that a picture that two pages request at once is drawn once
        self._drawn: dict[int, bytes] = {}

    def of(self, entry: Entry) -> dict[str, str]:
        """The file names of a candidate's pictures, by artifact."""
        shown = self._names if self.has_samples(entry) else (GRAPH,)
        return {f"{entry.number}-{place}": name for place, name in enumerate(shown)}

    def has_samples(self, entry: Entry) -> bool:
        """Whether a candidate's samples are already drawn, or can be drawn from its weights."""
        path = self._run.folder.candidate(entry.number)
        return self.has_weights(entry) or all((path / name).is_file() for name in self._names[1:])

    def has_weights(self, entry: Entry) -> bool:
        """Whether a candidate is complete and its weights are kept."""
        return entry.state == "complete" and (self._run.folder.candidate(entry.number) / WEIGHTS).is_file()

    def attributes(self, entry: Entry) -> dict[str, str]:
        """The attributes in which Optuna looks for a trial's artifacts."""
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
        """A picture. If it cannot be drawn, the dashboard answers 404."""
        number, _, place = artifact_id.partition("-")
        try:
            entry, name = self._run.ledger.entry(int(number)), self._names[int(place)]
            with self._lock:
                return BytesIO(self._graph(entry) if name == GRAPH else self._samples(entry, name))
        except (ValueError, IndexError, ValpError) as error:
            raise HTTPError(404, str(error)) from error

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Not possible: see `valp.search.show.dashboard.run_view.RunView`."""
        raise NotImplementedError("the dashboard only shows a run")

    def remove(self, artifact_id: str) -> None:
        """Not possible: see `valp.search.show.dashboard.run_view.RunView`."""
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
            raise FileError(f"{name} cannot be drawn, because the data of {self._run.problem.name} is not available")
        draw_samples(self._run, entry, self._problem, into=drawn)
        return (drawn / name).read_bytes()

    @cached_property
    def _problem(self) -> Problem | None:
        settings = self._run.settings
        try:
            return load_problem(settings.source or settings.problem, columns=self._run.problem.columns)
        except ValpError as error:
            self._say(f"samples that are not drawn yet cannot be shown: {error}")
            return None
