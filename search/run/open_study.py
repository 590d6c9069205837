"""Opens and creates the study of a ledger, and tells the errors of its database in a sentence."""

import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import optuna
from optuna.exceptions import OptunaError
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from sqlalchemy.exc import SQLAlchemyError

from valp.errors import FileError

STUDY = "valp"


def open_study(path: Path, goals: Sequence[StudyDirection], *, create: bool, read_only: bool = False) -> optuna.Study:
    """Opens the study in a database.

    Args:
        path: the file of the database.
        goals: whether each objective is minimised or maximised.
        create: whether to create the study if it does not exist.
        read_only: whether the database must not be written, not even to undo what a killed driver left half written.
            Then a copy of the database is opened.

    Raises:
        FileError: if it does not exist, is damaged, was written by another version of Optuna, or has other objectives.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not create and not path.is_file():
        raise FileError(f"there is no ledger at {path}; if it was lost, the command that searched the run rebuilds it")
    try:
        study = _study_of_copy(path) if read_only and _is_half_written(path) else _study(path, goals, create, read_only)
        held = study.directions
    except KeyError as error:
        raise FileError(f"{path} cannot be opened: it has no study {STUDY!r}") from error
    except (SQLAlchemyError, OptunaError, RuntimeError, ValueError, AssertionError, OSError) as error:
        raise FileError(f"{path} cannot be opened: {cause(error)}") from error
    if list(held) != list(goals):
        raise FileError(
            f"{path} is damaged or of another run: its objectives are {_words(held)}, but those of the run are "
            f"{_words(goals)}"
        )
    return study


def _study(path: Path, goals: Sequence[StudyDirection], create: bool, read_only: bool) -> optuna.Study:
    # A reader, such as `valp list`, waits for the driver's write instead of failing.
    patient = {"connect_args": {"timeout": 60}}
    if read_only:
        if not path.stat().st_size:
            raise KeyError(STUDY)  # Optuna would write its tables into an empty file
        storage = RDBStorage(f"sqlite:///file:{quote(str(path.absolute()))}?mode=ro&uri=true", engine_kwargs=patient)
    else:
        storage = RDBStorage(f"sqlite:///{path}", engine_kwargs=patient)
    if create:
        return optuna.create_study(storage=storage, study_name=STUDY, directions=goals, load_if_exists=True)
    return optuna.load_study(storage=storage, study_name=STUDY)


def _is_half_written(path: Path) -> bool:
    """Whether a killed process has left a write to a database half done, which the next one that opens it undoes."""
    if not _journal(path).is_file():
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=60)) as database:
            database.execute("select count(*) from sqlite_master")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode in (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_CANTOPEN)
    return False


def _study_of_copy(path: Path) -> optuna.Study:
    """The study in a copy of a half-written database. The copy is deleted with the study."""
    folder = tempfile.TemporaryDirectory(prefix="valp-")
    copy = Path(folder.name) / path.name
    shutil.copyfile(path, copy)
    shutil.copyfile(_journal(path), _journal(copy))
    study = _study(copy, (), False, False)
    weakref.finalize(study, folder.cleanup)
    return study


def _journal(path: Path) -> Path:
    """SQLite's journal of the write that is going on."""
    return path.with_name(f"{path.name}-journal")


@contextmanager
def in_a_sentence(where: str) -> Iterator[None]:
    """Raises FileError instead of an error of the database, with its cause."""
    try:
        yield
    except (SQLAlchemyError, OptunaError) as error:
        raise FileError(f"{where} cannot be read or written: {cause(error)}") from error


def cause(error: Exception) -> str:
    """The first line of what has caused an error."""
    lines = str(error.__cause__ or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _words(goals: Sequence[StudyDirection]) -> str:
    return ", ".join(f"{goal.name.lower()}d" for goal in goals) or "none"
