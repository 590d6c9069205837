"""`Run`, a search for use from Python. `launch` returns one, and `open_run` opens an existing run."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valp.errors import FileError, ValpError
from valp.graph.graph import Graph
from valp.search.run import run as stored_runs
from valp.search.run.folder import TRACE
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun

if TYPE_CHECKING:  # a run is listed without torch and pandas
    from pandas import DataFrame

    from valp.model.model import Model
    from valp.spaces.problem.problem import Problem
    from valp.trace.trace import Trace


class Run:
    """A search on disk.

    Everything is read from the run's folder when it is needed, so the search may still be running.

    Attributes:
        stored: the run with its settings and its ledger, for code that extends VALP.
    """

    def __init__(self, stored: StoredRun) -> None:
        self.stored = stored

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.stored.folder.name

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return self.stored.folder.path

    def front(self, by: str | None = None) -> "DataFrame":
        """The candidates on the Pareto front.

        A candidate is on the front if no other complete candidate is at least as good in all objectives and better in
        one.

        Args:
            by: the score to sort by, best first; by default the best compromise (the knee) is first.

        Returns:
            A pandas data frame with one row per candidate, indexed by its number. The first columns are the validation
            scores, with the objectives first. A score that was not measured is missing. `parameters` is one of the
            scores. Then follow `samples_seen`, the samples of the candidate's own training,
            `samples_seen_with_parents`, which adds those of all its ancestors, and `seconds` of training and scoring.
            A notebook also shows a picture of each graph.

        Raises:
            SettingError: if the problem has no such score.
        """
        from valp.search.facade.candidate_frame import frame_of  # pandas takes a while to load

        return frame_of(self.stored, self.stored.front(by))

    def baselines(self) -> "DataFrame":
        """What the baselines reach: no learning, linear models, boosted trees, single-task networks.

        Returns:
            A pandas data frame with one row per baseline, indexed by its name, the weakest first. The columns are the
            validation scores, each for the output that it belongs to, then `samples_seen` of one of its models and the
            `seconds` of all. A score that was not measured is missing.
        """
        from valp.search.facade.candidate_frame import frame_of_baselines

        return frame_of_baselines(self.stored)

    def test_scores(self, problem: "Problem | None" = None) -> "DataFrame":
        """Scores the front on the test split, which the search has not seen.

        The front was chosen by its validation scores, so these are too good by chance. The test scores are not, as long
        as nothing is chosen by them.

        Args:
            problem: the problem of the run with its data. It is only needed if the problem was made in Python, and is
                neither a built-in one nor described by a TOML file.

        Returns:
            A pandas data frame with a row for each candidate of the front, indexed by its number, in the order of
            `front`. Each score that tables show has two columns: `accuracy` has the value, and `accuracy_error` its
            standard error. Values are missing if a score was not measured, if its error is not known, and for
            candidates whose weights are not kept.

        Raises:
            DataError: if the data is not available, or has changed since the run began.
            SettingError: if the problem must be given.
        """
        from valp.search.engine.score_on_test import data_of, score_on_test
        from valp.search.facade.candidate_frame import frame_of_tests
        from valp.spaces.problem.judging import judges_of

        data = data_of(self.stored, _say) if problem is None else problem
        found = score_on_test(self.stored, self.stored.front(), data, judges_of(data, _say), _say)
        return frame_of_tests(self.stored, found)

    def status(self) -> dict[str, Any]:
        """What the search does now: the document of `valp status --json`.

        Returns:
            Among others `state` (running, finished, interrupted, locked or no driver), `jobs` (what is being trained,
            and for how many seconds), `candidates` (numbers by state), `seconds_left`, `best`, `failures` and
            `last_error`. Times are in UTC.

        Raises:
            FileError: if the ledger cannot be read.
        """
        from valp.search.run.run_status import status_of

        return status_of(self.stored).document()

    def candidates(self) -> "DataFrame":
        """All candidates, including unfinished and failed ones.

        Returns:
            A pandas data frame as of `front`, sorted by number, with three more columns: `state` is complete, pruned,
            failed or running, `failure` is the reason of a failure, and `parents` has the numbers of the candidates
            whose weights were inherited.
        """
        from valp.search.facade.candidate_frame import frame_of, with_states

        entries = self.stored.ledger.entries()
        return with_states(frame_of(self.stored, entries), entries)

    def best(self, by: str | None = None) -> "Model":
        """The best candidate as a model: the best compromise of the front, or the best of the front by one score.

        Raises:
            SettingError: if the problem has no such score.
            ValpError: if no candidate is complete. The message has the last failure.
        """
        front = self.stored.front(by)
        if not front:
            failures = [entry.result.failure for entry in self.stored.ledger.entries() if entry.result is not None]
            reason = f"the last one failed: {failures[-1]}" if failures else "none has finished"
            raise ValpError(f"run {self.name!r} has no complete candidate: {reason}")
        return self._model(front[0])

    def model(self, number: int) -> "Model":
        """One candidate as a model.

        A run keeps the weights of its front; `launch(..., keep="all")` keeps those of all candidates.

        Args:
            number: the candidate's number, from 0.

        Raises:
            FileError: if there is no such candidate, it is not complete, or its weights are not kept.
        """
        return self._model(self.stored.ledger.entry(number))

    def graph(self, number: int) -> Graph:
        """The graph of one candidate. A notebook shows it as a picture.

        Args:
            number: the candidate's number, from 0.

        Raises:
            FileError: if there is no such candidate.
        """
        return self.stored.ledger.entry(number).candidate.graph

    def trace(self, number: int) -> "Trace":
        """The trace of one candidate, as `valp train --from RUN N --trace FILE` has recorded it.

        Args:
            number: the candidate's number, from 0.

        Raises:
            FileError: if there is no such candidate, or it has no trace.
        """
        from valp.trace.trace_file import load_trace

        path = self.stored.folder.candidate(self.stored.ledger.entry(number).number) / TRACE
        if not path.is_file():
            raise FileError(
                f"candidate {number} of run {self.name!r} has no trace; "
                f"valp train --from {self.name} {number} --trace FILE.npz -o MODEL records one"
            )
        return load_trace(path)

    def report(self, path: Path | str | None = None) -> Path:
        """Writes the report, one HTML page that needs no network.

        Args:
            path: the file to write; by default `report.html` in the run's folder.

        Returns:
            The path of the page.

        Raises:
            FileError: if it cannot be written.
        """
        from valp.search.show.report.page import write_report

        return write_report(self.stored, None if path is None else Path(path))

    def _model(self, entry: Entry) -> "Model":
        from valp.search.engine.models import model_of

        return model_of(self.stored, entry)

    def __repr__(self) -> str:
        told = self.stored.summary()
        return (
            f"<Run {self.name!r} of {told['problem']}: {told['complete']} complete, {told['failed']} failed, "
            f"{told['unfinished']} unfinished, {told['front']} on the front>"
        )

    def _repr_html_(self) -> str:
        from valp.search.facade.candidate_frame import run_html

        return run_html(self.stored)


def open_run(name: str, runs: Path | str = "runs") -> Run:
    """Opens an existing run. It may be finished, interrupted or still running.

    Args:
        name: the name of the run.
        runs: the folder of the runs.

    Raises:
        FileError: if the run does not exist or is damaged.
    """
    return Run(stored_runs.open_run(Path(runs), name))


def _say(line: str) -> None:
    print(line, file=sys.stderr)
