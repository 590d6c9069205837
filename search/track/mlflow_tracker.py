"""Candidates as runs of an MLflow experiment that has the name of the search."""

import logging
import os
from typing import TYPE_CHECKING, Any

from valp.errors import SettingError, require_packages
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun
from valp.search.track.tracker import curves_of, ended_at, identity_of, measures_of, parameters_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

CANDIDATE, RUN, ON_FRONT = "valp.candidate", "valp.run", "valp.front"
STATES = {"complete": "FINISHED", "pruned": "FINISHED", "failed": "FAILED"}
PAGE = 1000
"""The most runs that MLflow returns at once, and the most measures that it takes at once."""
USUAL = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # MLflow's own 7 take four minutes until an error is raised
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
"""Settings of MLflow, unless the environment has them."""


class MLflowTracker:
    """Adds a run for each finished candidate, with what was chosen as parameters, and scores and curves as metrics.

    Files of candidates, such as weights, stay in the run's folder. Runs of other searches in the experiment are left
    as they are.

    Args:
        uri: MLflow's tracking URI, such as `http://localhost:5000` or `sqlite:///mlflow.db`.

    Raises:
        MissingPackageError: if MLflow is not installed.
    """

    def __init__(self, uri: str) -> None:
        require_packages("an MLflow experiment", "mlflow", "mlflow")
        for name, value in USUAL.items():
            os.environ.setdefault(name, value)
        import mlflow

        for name in ("mlflow", "alembic"):  # they tell how they create a database
            logging.getLogger(name).setLevel(logging.WARNING)
        self._uri, self._mlflow = uri, mlflow
        self._client: MlflowClient | None = None
        self._experiment = self._identity = ""
        self._runs: dict[int, str] = {}
        self._on_front: dict[int, str] = {}

    @property
    def title(self) -> str:
        """See `valp.search.track.tracker.Tracker`."""
        return f"MLflow at {self._uri}"

    @property
    def _opened(self) -> "MlflowClient":
        if self._client is None:
            self._client = self._mlflow.MlflowClient(tracking_uri=self._uri)
        return self._client

    def begin(self, run: StoredRun) -> set[int]:
        """See `valp.search.track.tracker.Tracker`.

        Raises:
            SettingError: if the experiment was deleted.
        """
        name, self._identity = run.folder.name, identity_of(run.folder)
        found = self._opened.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage != "active":
            raise SettingError(f"the experiment {name!r} was deleted there: restore it, or delete it for good")
        self._experiment = self._opened.create_experiment(name) if found is None else found.experiment_id
        self._runs.clear()
        for one in self._mine():
            tags = one.data.tags
            if one.info.status == "RUNNING":  # interrupted before all was told
                self._opened.delete_run(one.info.run_id)
            else:
                self._runs[int(tags[CANDIDATE])] = one.info.run_id
                self._on_front[int(tags[CANDIDATE])] = tags.get(ON_FRONT, "")
        return set(self._runs)

    def _mine(self) -> list[Any]:
        """The MLflow runs of this search."""
        found: list[Any] = []
        token: str | None = None
        while True:
            page = self._opened.search_runs(
                [self._experiment], f"tags.`{RUN}` = '{self._identity}'", max_results=PAGE, page_token=token
            )
            found += page
            token = page.token
            if not token:
                return found

    def add(self, run: StoredRun, entry: Entry) -> None:
        """See `valp.search.track.tracker.Tracker`."""
        from mlflow.entities import Metric, Param

        number, at = entry.number, int(ended_at(entry) * 1000)
        if number in self._runs:  # interrupted before all was told
            self._opened.delete_run(self._runs[number])
            del self._runs[number]
        began = at - int(1000 * sum(entry.result.seconds)) if entry.result is not None else at
        tags = {
            CANDIDATE: str(number),
            RUN: self._identity,
            "valp.problem": run.problem.name,
            "valp.state": entry.state,
            "valp.folder": str(run.folder.candidate(number).absolute()),
        }
        if entry.result is not None and entry.result.failure is not None:
            tags["valp.failure"] = entry.result.failure
        made = self._opened.create_run(self._experiment, began, tags, run_name=f"candidate {number}")
        self._runs[number] = made.info.run_id
        chosen = [Param(key, str(value)) for key, value in parameters_of(entry).items() if value != ""]
        self._opened.log_batch(made.info.run_id, params=chosen)
        points = [Metric(_allowed(name), value, at, 0) for name, value in measures_of(entry).items()]
        for name, curve in curves_of(run, entry).items():
            points += [Metric(_allowed(name), value, at, step) for step, value in curve]
        for start in range(0, len(points), PAGE):
            self._opened.log_batch(made.info.run_id, points[start : start + PAGE])
        self._opened.set_terminated(made.info.run_id, STATES[entry.state], at)

    def finish(self, run: StoredRun) -> None:
        """Marks the candidates that are on the front now. See `valp.search.track.tracker.Tracker`."""
        front = {entry.number for entry in run.front()}
        for number, identifier in self._runs.items():
            now = str(number in front).lower()
            if self._on_front.get(number) != now:
                self._opened.set_tag(identifier, ON_FRONT, now)
                self._on_front[number] = now


def _allowed(name: str) -> str:
    """A name without characters that MLflow refuses."""
    return "".join(letter if letter.isalnum() or letter in "_-./ :" else "_" for letter in name)
