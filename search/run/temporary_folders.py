"""Temporary folders that outlive nobody: each is locked by the process that made it, so a dead one's are known."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from valp.journal import read_name, write_name
from valp.search.run.lock import is_held

PREFIX = "valp-"
"""Begins the names of the project's own temporary folders."""

MARK = ".valp.lock"
"""The file that is locked as long as the folder is in use."""

OWNER = ".valp.folder"
"""The record that tells a folder of the project's from others: it names the folder's own path."""


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A temporary folder for the time of the block."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-"))
    try:
        with claimed(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Marks a temporary folder, Ray's say, as the project's, and as in use until the block or this process ends."""
    with FileLock(folder / MARK):
        write_name(folder / OWNER, str(folder.resolve()))  # the lock first: a marked folder in use is never without it
        yield


def abandoned() -> list[Path]:
    """The temporary folders that belong to no living process: those of killed searches, and of Ray's for them.

    A folder is the project's if `claimed` wrote a record in it that names the path where the folder still is, and it is
    this user's. So a folder that a user has renamed, moved or copied is not, whatever its name, and a symbolic link
    never is. A folder is in use as long as a process has its lock, which the operating system takes back when the
    process ends.
    """
    temporary = Path(tempfile.gettempdir())
    folders = [*temporary.glob(f"{PREFIX}*"), *temporary.glob("ray/session_*")]
    return sorted(folder for folder in folders if _is_ours(folder) and not _is_in_use(folder))


def _is_ours(folder: Path) -> bool:
    """Whether `claimed` has marked this very folder, for this user."""
    try:
        mine = folder.is_dir() and not folder.is_symlink() and folder.lstat().st_uid == os.getuid()
    except OSError:
        return False
    return mine and read_name(folder / OWNER) == str(folder.resolve())


def _is_in_use(folder: Path) -> bool:
    """Whether a process has locked a folder of the project's. Without its lock's file it was being deleted."""
    mark = folder / MARK
    return mark.is_symlink() or (mark.is_file() and is_held(mark))
