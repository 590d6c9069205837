"""Candidates as runs of an MLflow experiment that has the name of the search."""

import logging
import os
from typing import TYPE_CHECKING, Any

from valp.errors import require_packages
from valp.search.run.ledger import Entry
from valp.search.run.run import StoredRun
from valp.search.track.tracker import Known, curves_of, ended_at, identity, measures_of, parameters_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

CANDIDATE, ENDED, ON_FRONT = "valp.candidate", "valp.ended", "valp.front"
STATES = {"complete": "FINISHED", "pruned": "FINISHED", "failed": "FAILED"}
PAGE = 1000
"""The most runs that MLflow returns at once, and the most measures that it takes at once."""


class MLflowTracker:
    """Adds a run for each finished candidate, with what was chosen as parameters, and scores and curves as metrics.

    Files of candidates, such as weights, stay in the run's folder.

    Args:
        uri: MLflow's tracking URI, such as `http://localhost:5000` or `sqlite:///mlflow.db`.

    Raises:
        MissingPackageError: if MLflow is not installed.
    """

    def __init__(self, uri: str) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        require_packages("an MLflow experiment", "mlflow", "mlflow")
        import mlflow

        for name in ("mlflow", "alembic"):  # they tell how they create a database
            logging.getLogger(name).setLevel(logging.WARNING)
        self._uri, self._mlflow = uri, mlflow
        self._client: MlflowClient | None = None
        self._experiment = ""
        self._runs: dict[int, str] = {}

    @property
    def title(self) -> str:
        """See `valp.search.track.tracker.Tracker`."""
        return f"MLflow at {self._uri}"

    @property
    def _opened(self) -> "MlflowClient":
        if self._client is None:
            self._client = self._mlflow.MlflowClient(tracking_uri=self._uri)
        return self._client

    def begin(self, run: StoredRun) -> Known:
        """See `valp.search.track.tracker.Tracker`."""
        found = self._opened.get_experiment_by_name(run.folder.name)
        if found is None:
            self._experiment = self._opened.create_experiment(run.folder.name)
        else:
            self._experiment = found.experiment_id
        known: Known = set()
        for one in self._all():
            tags, status = one.data.tags, one.info.status
            if CANDIDATE not in tags:
                continue
            if status == "RUNNING":  # its driver was killed before all was told
                self._opened.delete_run(one.info.run_id)
            else:
                self._runs[int(tags[CANDIDATE])] = one.info.run_id
                known.add((int(tags[CANDIDATE]), tags.get(ENDED, "")))
        return known

    def _all(self) -> list[Any]:
        found: list[Any] = []
        token: str | None = None
        while True:
            page = self._opened.search_runs([self._experiment], max_results=PAGE, page_token=token)
            found += page
            token = page.token
            if not token:
                return found

    def add(self, run: StoredRun, entry: Entry) -> None:
        """See `valp.search.track.tracker.Tracker`."""
        from mlflow.entities import Metric, Param

        at = int(ended_at(entry).timestamp() * 1000)
        if entry.number in self._runs:  # of another run of this name
            self._opened.delete_run(self._runs.pop(entry.number))
        began = at - int(1000 * sum(entry.result.seconds)) if entry.result is not None else at
        number, ended = identity(entry)
        tags = {
            CANDIDATE: str(number),
            ENDED: ended,
            "valp.problem": run.problem.name,
            "valp.state": entry.state,
            "valp.folder": str(run.folder.candidate(number).absolute()),
        }
        if entry.result is not None and entry.result.failure is not None:
            tags["valp.failure"] = entry.result.failure
        made = self._opened.create_run(self._experiment, began, tags, run_name=f"candidate {number}")
        self._opened.log_batch(
            made.info.run_id,
            params=[Param(key, str(value)) for key, value in parameters_of(entry).items() if value != ""],
        )
        points = [Metric(_allowed(name), value, at, 0) for name, value in measures_of(entry).items()]
        for name, curve in curves_of(run, entry).items():
            points += [Metric(_allowed(name), value, at, step) for step, value in curve]
        for start in range(0, len(points), PAGE):
            self._opened.log_batch(made.info.run_id, points[start : start + PAGE])
        self._opened.set_terminated(made.info.run_id, STATES[entry.state], at)
        self._runs[number] = made.info.run_id

    def finish(self, run: StoredRun) -> None:
        """Marks the candidates that are on the front now. See `valp.search.track.tracker.Tracker`."""
        front = {entry.number for entry in run.front()}
        for number, identifier in self._runs.items():
            self._opened.set_tag(identifier, ON_FRONT, str(number in front).lower())


def _allowed(name: str) -> str:
    """A name without characters that MLflow refuses."""
    return "".join(letter if letter.isalnum() or letter in "_-./ :" else "_" for letter in name)
