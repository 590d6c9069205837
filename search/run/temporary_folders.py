"""Temporary folders. The process that made a folder locks it, so the folders of killed processes can be found."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from valp.errors import FileError
from valp.journal import read_name, write_name
from valp.search.run.lock import is_held

PREFIX = "valp-"
"""The prefix of the names of this project's temporary folders."""

MARK = ".valp.lock"
"""The file in a folder that is locked as long as the folder is in use."""

OWNER = ".valp.folder"
"""The record that marks a folder as this project's: it contains the folder's own path."""


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A temporary folder that is deleted at the end of the block.

    Raises:
        FileError: if it cannot be created, as on a full disk.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-"))
    except OSError as error:
        raise _no_folder(error) from error
    try:
        with claimed(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Marks a temporary folder, such as Ray's, as this project's, and as in use until the block or the process ends.

    Raises:
        FileError: if nothing can be written into it, as on a full disk.
    """
    lock = FileLock(folder / MARK)
    try:
        try:
            lock.acquire()
            write_name(folder / OWNER, str(folder.resolve()))  # after locking: marked but unlocked means unused
        except OSError as error:
            raise _no_folder(error) from error
        yield
    finally:
        lock.release()


def _no_folder(error: OSError) -> FileError:
    return FileError(
        f"a temporary folder cannot be written: {error.strerror or error}; make room, or set TMPDIR to another folder"
    )


def abandoned() -> list[Path]:
    """The temporary folders that killed searches, and Ray for them, have left behind.

    A folder is the project's if it belongs to this user and contains the record of `claimed` with the folder's current
    path. A folder that a user has renamed, moved or copied does not qualify, and a symbolic link never does. A folder
    is in use as long as a process has locked it. The operating system releases the lock when the process ends.
    """
    temporary = Path(tempfile.gettempdir())
    folders = [*temporary.glob(f"{PREFIX}*"), *temporary.glob("ray/session_*")]
    return sorted(folder for folder in folders if _is_ours(folder) and not _is_in_use(folder))


def _is_ours(folder: Path) -> bool:
    """Whether `claimed` has marked this folder, at this path, for this user."""
    try:
        mine = folder.is_dir() and not folder.is_symlink() and folder.lstat().st_uid == os.getuid()
    except OSError:
        return False
    return mine and read_name(folder / OWNER) == str(folder.resolve())


def _is_in_use(folder: Path) -> bool:
    """Whether a process has locked a folder of the project's. A folder without a lock file was being deleted."""
    mark = folder / MARK
    return mark.is_symlink() or (mark.is_file() and is_held(mark))
