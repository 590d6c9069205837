"""Opens and creates the study of a ledger in SQLite or PostgreSQL, and tells errors of the database in a sentence."""

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
from optuna.storages._rdb.models import StudyModel
from optuna.study import StudyDirection
from sqlalchemy import create_engine, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from valp.errors import FileError
from valp.search.run.postgres.address import Place
from valp.search.run.postgres.driver_tables import META
from valp.search.run.postgres.patience import is_of_postgres, reason_of
from valp.search.run.postgres.patient_storage import PatientStorage

STUDY = "valp"


class LostLedgerError(FileError):
    """A ledger that does not exist, though its run does."""


def open_study(
    path: Path | Place, goals: Sequence[StudyDirection] | None, *, create: bool, read_only: bool = False
) -> optuna.Study:
    """Opens the study in a database.

    Args:
        path: the file of the database, or the place of the study in PostgreSQL.
        goals: whether each objective is minimised or maximised; None if it does not matter.
        create: whether to create the study if it does not exist.
        read_only: whether the database must not be written, not even to undo what a killed driver left half written.
            Then a copy of the database is opened. Of no effect with PostgreSQL, whose server undoes it.

    Raises:
        FileError: if it does not exist, is damaged, was written by another version of Optuna, or has other objectives.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    lost = f"there is no ledger at {path}; if it was lost, the command that searched the run rebuilds it"
    if isinstance(path, Path) and not create and not path.is_file():
        raise LostLedgerError(lost)
    try:
        if isinstance(path, Place):
            study = _study_in_postgres(path, goals or (), create)
        elif read_only and _is_half_written(path):
            study = _study_of_copy(path)
        else:
            study = _study(path, goals or (), create, read_only)
        held = study.directions
    except KeyError as error:
        raise FileError(f"{path} cannot be opened: it has no study {STUDY!r}") from error
    except LookupError as error:
        raise LostLedgerError(lost) from error
    except (SQLAlchemyError, OptunaError, RuntimeError, ValueError, AssertionError, OSError) as error:
        raise FileError(f"{path} cannot be opened: {cause(error)}") from error
    if goals is not None and list(held) != list(goals):
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


def _study_in_postgres(place: Place, goals: Sequence[StudyDirection], create: bool) -> optuna.Study:
    """The study in PostgreSQL. Raises LookupError if it does not exist."""
    if not create:
        engine = create_engine(place.address.engine_url, poolclass=NullPool)
        with engine.connect() as connection:
            names = select(StudyModel.study_name).where(StudyModel.study_name == place.study)
            if not inspect(connection).has_table("studies") or connection.scalar(names) is None:
                raise LookupError(place.study)
    storage = PatientStorage(place.address, creates_tables=create)
    if create:
        META.create_all(storage.engine)
        return optuna.create_study(storage=storage, study_name=place.study, directions=goals, load_if_exists=True)
    return optuna.load_study(storage=storage, study_name=place.study)


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
    if is_of_postgres(error):
        return reason_of(error)
    lines = str(error.__cause__ or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _words(goals: Sequence[StudyDirection]) -> str:
    return ", ".join(f"{goal.name.lower()}d" for goal in goals) or "none"
