"""Candidates as runs of TensorBoard: scores and what was chosen (its HPARAMS tab), curves, and the best so far."""

import json
import shutil
from pathlib import Path

from tensorboardX import SummaryWriter
from tensorboardX.summary import hparams

from valp.files import write_text
from valp.search.run.ledger import Entry
from valp.search.run.run import StoredRun
from valp.search.track.tracker import Known, curves_of, ended_at, identity, measures_of, parameters_of

MARK = "valp.json"
"""The file beside the events of a candidate that says which one they are of."""


class TensorBoardTracker:
    """Writes event files: FOLDER/RUN has the growth of the search, FOLDER/RUN/candidate-N what belongs to a candidate.

    Args:
        folder: the folder that `tensorboard --logdir` is given.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def title(self) -> str:
        """See `valp.search.track.tracker.Tracker`."""
        return f"TensorBoard's files in {self._folder}"

    def begin(self, run: StoredRun) -> Known:
        """See `valp.search.track.tracker.Tracker`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        known: Known = set()
        for mark in self._of(run).glob(f"candidate-*/{MARK}"):
            about = json.loads(mark.read_text())
            known.add((about["number"], about["ended"]))
        return known

    def add(self, run: StoredRun, entry: Entry) -> None:
        """See `valp.search.track.tracker.Tracker`."""
        own, at = self._of(run) / f"candidate-{entry.number}", ended_at(entry).timestamp()
        if own.exists():  # half written, or of another run of this name
            shutil.rmtree(own)
        measures = measures_of(entry)
        with SummaryWriter(str(own)) as writer:
            for summary in hparams(parameters_of(entry) | {"state": entry.state}, measures):
                writer.file_writer.add_summary(summary)
            for name, value in measures.items():
                writer.add_scalar(name, value, entry.number, walltime=at)
            for name, points in curves_of(run, entry).items():
                for step, value in points:
                    writer.add_scalar(name, value, step, walltime=at)
            if entry.result is not None and entry.result.failure is not None:
                writer.add_text("failure", entry.result.failure, walltime=at)
        number, ended = identity(entry)
        write_text(own / MARK, json.dumps({"number": number, "ended": ended}) + "\n")

    def finish(self, run: StoredRun) -> None:
        """Writes how the best of each objective grew with the finished candidates. See `Tracker`."""
        for file in self._of(run).glob("events.out.tfevents.*"):  # of an earlier session: all is written again
            file.unlink()
        ended = sorted((entry for entry in run.ledger.entries() if entry.result is not None), key=ended_at)
        with SummaryWriter(str(self._of(run))) as writer:
            for name, metric in run.ledger.objectives.items():
                best: float | None = None
                for count, entry in enumerate(ended, start=1):
                    value = entry.result.scores.get(name) if entry.result is not None else None
                    if value is None:
                        continue
                    if best is None or metric.score.better(value, best):
                        best = value
                    writer.add_scalar(f"best/{name}", best, count, walltime=ended_at(entry).timestamp())

    def _of(self, run: StoredRun) -> Path:
        return self._folder / run.folder.name
