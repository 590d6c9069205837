"""Locks that keep two processes from searching the same run. The operating system releases them when a process ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from valp.errors import SettingError
from valp.search.run.folder import Folder

LOCK = ".lock"
"""The name of the lock file in a folder."""


@contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Locks a run during the block. Creates the run's folder if necessary.

    Raises:
        SettingError: if another process has locked the run, or the folder cannot be created or written.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"{folder.path} cannot be created: {error.strerror or error}") from error
    lock = FileLock(folder.path / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SettingError(f"run {folder.name!r} is being searched by another process") from error
    except OSError as error:
        raise SettingError(f"{folder.path} cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process has locked a file. Also true if it cannot be checked, as with another user's file."""
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except (Timeout, OSError):
        return True
