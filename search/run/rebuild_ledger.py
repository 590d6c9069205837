"""Rebuilds a ledger that was lost from the folders of the candidates."""

import json
from dataclasses import asdict
from datetime import datetime

from optuna.trial import TrialState

from valp.errors import FileError
from valp.files import read_model
from valp.search.run.folder import CANDIDATE, Folder, read_result
from valp.search.run.ledger import RESULT, Ledger, attributes_of
from valp.search.run.result import Result
from valp.search.run.trial_record import TrialRecord, read_record, record_of_files
from valp.spaces.candidate import Candidate


def rebuild_ledger(folder: Folder, ledger: Ledger, *, reads_parameters: bool) -> int:
    """Adds the finished candidates whose folders exist and that the ledger lacks.

    The ledger lacks them if its file was deleted, emptied, or replaced by an old copy. A candidate that was not
    finished gets a trial without a candidate, and is proposed again under its number.

    Args:
        folder: the run's folder, locked.
        ledger: its ledger.
        reads_parameters: whether the run's strategy reads Optuna's parameters, which only the record of a trial has.

    Returns:
        The number of candidates that were added.

    Raises:
        FileError: if a finished candidate has no record and cannot be added without it. Nothing is added then.
    """
    first = len(ledger.trials())
    found: dict[int, tuple[TrialRecord, Candidate, Result]] = {}
    for number in _numbers(folder):
        path = folder.candidate(number)
        result = read_result(path) if number >= first else None
        if result is None:
            continue
        record = read_record(path)
        if record is None and (reads_parameters or not (result.complete or result.failure)):
            raise FileError(
                f"the ledger of run {folder.name!r}, {ledger.where}, lacks candidate {number}, and cannot be rebuilt, "
                f"because {path} has no trial.json: bring the ledger back from a copy, delete {path} to train this "
                "candidate again, or give another --name"
            )
        found[number] = record or record_of_files(path), read_model(Candidate, path / CANDIDATE), result
    for number in range(first, max(found, default=-1) + 1):
        if number in found:
            _add(ledger, *found[number])
        else:
            now = datetime.now()
            ledger.study.add_trial(TrialRecord(began=now, ended=now).trial(TrialState.RUNNING, None, {}))
    return len(found)


def _numbers(folder: Folder) -> list[int]:
    """The numbers of the candidates that have a folder, ascending."""
    paths = folder.candidate(0).parent.glob("[0-9]*")
    return sorted(int(path.name) for path in paths if path.name.isdecimal())


def _add(ledger: Ledger, record: TrialRecord, candidate: Candidate, result: Result) -> None:
    """Adds a finished candidate."""
    result, state, values = ledger.outcome(candidate, result)
    attributes = {**attributes_of(candidate), RESULT: json.loads(json.dumps(asdict(result)))}
    ledger.study.add_trial(record.trial(state, values, attributes))
