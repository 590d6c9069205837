"""Opens and creates the study of a ledger, and tells the errors of its database in a sentence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.exceptions import OptunaError
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from sqlalchemy.exc import SQLAlchemyError

from valp.errors import FileError

STUDY = "valp"


def open_study(path: Path, goals: Sequence[StudyDirection], *, create: bool) -> optuna.Study:
    """Opens the study in a database.

    Args:
        path: the file of the database.
        goals: whether each objective is minimised or maximised.
        create: whether to create the study if it does not exist.

    Raises:
        FileError: if it does not exist, is damaged, was written by another version of Optuna, or has other objectives.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not create and not path.is_file():
        raise FileError(f"there is no ledger at {path}; if it was lost, the command that searched the run rebuilds it")
    try:
        # A reader, such as `valp list`, waits for the driver's write instead of failing.
        storage = RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}})
        study = (
            optuna.create_study(storage=storage, study_name=STUDY, directions=goals, load_if_exists=True)
            if create
            else optuna.load_study(storage=storage, study_name=STUDY)
        )
        held = study.directions
    except KeyError as error:
        raise FileError(f"{path} cannot be opened: it has no study {STUDY!r}") from error
    except (SQLAlchemyError, OptunaError, RuntimeError, ValueError, AssertionError) as error:
        raise FileError(f"{path} cannot be opened: {cause(error)}") from error
    if list(held) != list(goals):
        raise FileError(
            f"{path} is damaged or of another run: its objectives are {_words(held)}, but those of the run are "
            f"{_words(goals)}"
        )
    return study


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
