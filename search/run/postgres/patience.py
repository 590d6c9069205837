"""Waits for a database that does not answer, for instance because its server is restarted."""

import time
from collections.abc import Callable
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from valp.errors import FileError

PATIENCE, PAUSE = 120.0, 0.5
"""The seconds for which an action is tried again, and between two attempts."""

Result = TypeVar("Result")


def patiently(action: Callable[[], Result], where: str) -> Result:
    """Does something in a database. If the database cannot be reached, it is tried again, for `PATIENCE` seconds.

    Args:
        action: what to do. It may be done twice: if the connection is lost at the end, it may or may not be done.
        where: names the database, for the message.

    Raises:
        FileError: if the database does not answer in time.
    """
    end: float | None = None
    while True:
        try:
            return action()
        except (SQLAlchemyError, StorageInternalError) as error:
            if not is_lost(error):
                raise
            now = time.monotonic()
            end = now + PATIENCE if end is None else end
            if now >= end:
                raise FileError(
                    f"{where} has not answered for {PATIENCE:.0f} seconds, so the search ends; the same command "
                    f"continues it: {reason_of(error)}"
                ) from error
            time.sleep(PAUSE)


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the database could not be reached or did not finish, rather than that it refused."""
    return any(
        isinstance(one, OperationalError | InterfaceError)
        or (isinstance(one, DBAPIError) and one.connection_invalidated)
        for one in _chain(error)
    )


def is_of_postgres(error: BaseException) -> bool:
    """Whether PostgreSQL or its client library has raised an error."""
    causes = [one.orig for one in _chain(error) if isinstance(one, DBAPIError)]
    return any(type(cause).__module__.startswith("psycopg") for cause in causes)


def reason_of(error: BaseException) -> str:
    """The first line of what the database or its client library said."""
    found = next((one.orig for one in _chain(error) if isinstance(one, DBAPIError) and one.orig is not None), error)
    lines = str(found).strip().splitlines() or [type(found).__name__]
    if "no password supplied" in lines[0]:
        return f"{lines[0]}; give the password in PGPASSWORD, in ~/.pgpass or in the URL"
    return lines[0]


def _chain(error: BaseException) -> list[BaseException]:
    """An error and those that caused it."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found
