"""Temporary folders that outlive nobody: each is locked by the process that made it, so a dead one's are known."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from valp.search.run.lock import is_held

PREFIX = "valp-"
"""Begins the names of the project's own temporary folders."""

MARK = ".valp.lock"
"""The file that is locked; it tells a folder of the project's from others."""


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
        yield


def abandoned() -> list[Path]:
    """The temporary folders that belong to no living process: those of killed searches, and of Ray's for them."""
    temporary = Path(tempfile.gettempdir())
    folders = [*temporary.glob(f"{PREFIX}*"), *temporary.glob("ray/session_*")]
    marked = [folder for folder in folders if not folder.is_symlink() and (folder / MARK).is_file()]
    return sorted(folder for folder in marked if not is_held(folder / MARK))
