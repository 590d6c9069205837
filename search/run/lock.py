"""One process at a time: locks of the operating system, which end with the process that holds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from valp.errors import SettingError
from valp.search.run.folder import Folder

LOCK = ".lock"
"""The file in a folder that is locked."""


@contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Keeps everybody else from searching a run; its folder is made if it is not there.

    Raises:
        SettingError: if another process is at work on it, or the folder cannot be made.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"{folder.path} cannot be made: {error.strerror or error}") from error
    try:
        with FileLock(folder.path / LOCK).acquire(timeout=0):
            yield
    except Timeout as error:
        raise SettingError(f"run {folder.name!r} is being searched by another process") from error


def is_held(path: Path) -> bool:
    """Whether a process has locked a file, or it cannot be told because the file is another user's."""
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except (Timeout, OSError):
        return True
