"""Candidates as runs of TensorBoard: scores and what was chosen (its HPARAMS tab), curves, and the best so far."""

import shutil
from contextlib import suppress
from pathlib import Path

from tensorboardX import SummaryWriter
from tensorboardX.summary import hparams

from valp.errors import SettingError
from valp.files import write_text
from valp.search.run.ledger_entry import Entry, by_end
from valp.search.run.run import StoredRun
from valp.search.track.tracker import IDENTITY, curves_of, ended_at, identity_of, measures_of, parameters_of

WHOLE = "whole.txt"
"""The file beside the events of a candidate that says that nothing of them is missing."""


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
        return f"TensorBoard's folder {self._folder}"

    def begin(self, run: StoredRun) -> set[int]:
        """See `valp.search.track.tracker.Tracker`.

        Raises:
            SettingError: if the folder has the candidates of another run of this name, or other files.
            FileError: if it cannot be written.
        """
        mine, folder = identity_of(run.folder), self._of(run)
        file = folder / IDENTITY
        if folder.is_dir() and not file.is_file() and any(folder.iterdir()):
            raise SettingError(f"{folder} has other files: delete them, or give another folder")
        if file.is_file() and file.read_text().strip() != mine:
            raise SettingError(f"{folder} is of another run of this name: delete it, or give another folder")
        write_text(file, f"{mine}\n")
        names = (mark.parent.name.removeprefix("candidate-") for mark in self._of(run).glob(f"candidate-*/{WHOLE}"))
        return {int(name) for name in names if name.isdigit()}

    def add(self, run: StoredRun, entry: Entry) -> None:
        """See `valp.search.track.tracker.Tracker`."""
        own, at = self._of(run) / f"candidate-{entry.number}", ended_at(entry)
        if own.exists():  # half written
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
        write_text(own / WHOLE, "")

    def finish(self, run: StoredRun) -> None:
        """Writes how the best of each objective grew with the finished candidates. See `Tracker`."""
        for file in self._of(run).glob("events.out.tfevents.*"):  # of an earlier session: all is written again
            with suppress(FileNotFoundError):
                file.unlink()
        ended = by_end(entry for entry in run.ledger.entries() if entry.result is not None)
        with SummaryWriter(str(self._of(run))) as writer:
            for name, metric in run.ledger.objectives.items():
                best: float | None = None
                for count, entry in enumerate(ended, start=1):
                    value = entry.result.scores.get(name) if entry.result is not None else None
                    if value is None:
                        continue
                    if best is None or metric.score.better(value, best):
                        best = value
                    writer.add_scalar(f"best/{name}", best, count, walltime=ended_at(entry))

    def _of(self, run: StoredRun) -> Path:
        return self._folder / run.folder.name
