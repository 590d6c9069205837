"""The folders of a run's candidates as a driver uses them: its own, with copies in a store that drivers share."""

import shutil
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from valp.search.run.folder import RECORD, Folder, drop_weights, finished_result
from valp.search.run.result import Result
from valp.search.run.shared_files import SharedFiles
from valp.search.run.trial_record import read_record, write_record
from valp.spaces.candidate import Candidate


class CandidateFolders:
    """The folders of a run's candidates.

    Args:
        folder: the run's folder.
        store: a store with copies; None if there is none.
    """

    def __init__(self, folder: Folder, store: SharedFiles | None = None) -> None:
        self._folder, self._store = folder, store

    def path(self, number: int) -> Path:
        """The folder of a candidate."""
        return self._folder.candidate(number)

    def with_parents(self, number: int, candidate: Candidate) -> Path:
        """The folder of a candidate, when those of its parents are there."""
        if self._store is not None:
            for parent in candidate.parents:
                self._store.fetch(self.path(parent))
        return self.path(number)

    def finished(self, number: int, candidate: Candidate) -> Result | None:
        """The final result of a candidate from its folder; None if it has none. See `finished_result`."""
        if self._store is not None:
            self._store.fetch(self.path(number))
        return finished_result(self.path(number), candidate)

    def record(self, trial: FrozenTrial) -> None:
        """Completes the folder of a candidate that has ended.

        A record that it has is kept: then the ledger was an older copy, which knows less, or the driver was killed
        before the candidate was in the ledger.
        """
        path = self.path(trial.number)
        if read_record(path) is None:
            write_record(path, trial)
        self.share(path)

    def attributes(self, number: int) -> dict[str, Any]:
        """The attributes of a candidate's trial when it ended; none if it has not."""
        record = read_record(self.path(number))
        return {} if record is None else record.user_attributes

    def give_back(self, trial: FrozenTrial) -> None:
        """Mends the folder of a candidate that another driver has ended meanwhile, if this one has replaced it."""
        path = self.path(trial.number)
        if not trial.state.is_finished() or not path.is_dir() or (path / RECORD).is_file():
            return
        if self._store is None:  # it is the folder of the other driver, too
            write_record(path, trial)
        else:
            shutil.rmtree(path, ignore_errors=True)
            self._store.fetch(path)

    def share(self, path: Path) -> None:
        """Puts a complete folder into the store."""
        if self._store is not None:
            self._store.put(path)

    def drop_weights(self, number: int) -> None:
        """Deletes a candidate's weights, if there are any."""
        drop_weights(self.path(number))
        if self._store is not None:
            self._store.drop_weights(self.path(number))

    def fetch_all(self) -> None:
        """Fetches what the store has and this machine lacks."""
        if self._store is not None:
            self._store.fetch_all()
