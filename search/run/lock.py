"""Locks that keep two processes from searching the same run. The operating system releases them when a process ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_NB, LOCK_SH, flock
from pathlib import Path

from filelock import FileLock, Timeout

from valp.errors import SettingError
from valp.search.run.folder import Folder
from valp.search.run.session_record import close_killed_session

LOCK = ".lock"
"""The name of the lock file in a folder."""

PATIENCE, INTERVAL = 0.5, 0.02
"""The seconds for which a lock is tried, and between two trials: `is_held` holds a lock for an instant."""


@contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Locks a run during the block. Creates the run's folder if necessary.

    If the last driver of the run was killed, the end of its session is recorded.

    Raises:
        SettingError: if another process has locked the run, or the folder cannot be created or written.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"{folder.path} cannot be created: {error.strerror or error}") from error
    lock = FileLock(folder.path / LOCK)
    try:
        lock.acquire(timeout=PATIENCE, poll_interval=INTERVAL)
    except Timeout as error:
        raise SettingError(f"run {folder.name!r} is being searched by another process") from error
    except OSError as error:
        raise SettingError(f"{folder.path} cannot be written: {error.strerror or error}") from error
    try:
        close_killed_session(folder.path)
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process has locked a file. Also true if it cannot be checked, as with another user's file.

    The file is neither created nor changed. Any number of processes can check at once, because they share the lock.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        flock(file, LOCK_SH | LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(file)
