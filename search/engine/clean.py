"""Finds and deletes the files that a run no longer needs, neither for its results nor to be resumed."""

import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from valp.errors import FileError
from valp.journal import interrupted, read_name, write_name
from valp.search.run.folder import GRAPH, WEIGHTS, Folder, samples_names
from valp.search.run.lock import LOCK, is_held
from valp.search.run.run import StoredRun
from valp.search.run.temporary_folders import MARK, OWNER
from valp.search.strategies import STRATEGIES

DELETING = ".valp-deleting"
"""The record in a run that is being deleted. It contains the name that the folder is renamed to before deletion."""

LAST = (LOCK, MARK, DELETING, OWNER)
"""The files of a folder that are deleted last, in this order. They say whose the folder is and whether it is in use."""


@dataclass(frozen=True)
class Part:
    """Files and folders that can be deleted, with a title that says why."""

    title: str
    paths: tuple[Path, ...]
    runs: bool = False
    """Whether the paths are whole runs, which are renamed first, so that no run is left half deleted."""

    @property
    def size(self) -> int:
        """The size in bytes."""
        return sum(_size(path) for path in self.paths)


def needed(run: StoredRun) -> set[int]:
    """The numbers of the candidates whose files are still needed.

    These are the front, the candidates whose weights a later proposal may inherit, the unfinished candidates and their
    parents.

    Raises:
        FileError: if the run's strategy is not installed.
    """
    strategy = STRATEGIES.get(run.settings.strategy)
    if strategy is None:
        raise FileError(
            f"run {run.folder.name!r} was searched by strategy {run.settings.strategy!r}, which is not installed"
        )
    entries = run.ledger.entries()
    unfinished = [entry for entry in entries if entry.state == "running"]
    kept = {entry.number for entry in [*run.ledger.front(entries), *unfinished]} | strategy.keeps(run.ledger)
    return kept.union(*(entry.parents for entry in unfinished))


def superfluous(run: StoredRun) -> list[Part]:
    """The files that a run does not need. The run must be locked.

    The scores, curves and graphs of all candidates are kept.
    """
    kept, ended = needed(run), [entry.number for entry in run.ledger.entries() if entry.state != "running"]
    folders = [run.folder.candidate(number) for number in ended if number not in kept]
    pictures = (GRAPH, *samples_names(run.problem).values())
    files = [path / WEIGHTS for path in folders], [path / name for path in folders for name in pictures]
    return _parts(
        Part("weights of candidates off the front", tuple(path for path in files[0] if path.is_file())),
        Part("pictures of candidates off the front", tuple(path for path in files[1] if path.is_file())),
        Part("interrupted writes", tuple(interrupted(run.folder.path))),
    )


def whole(folder: Folder) -> list[Part]:
    """A whole run as a part to delete.

    Raises:
        FileError: if the run's folder is a symbolic link.
    """
    if folder.path.is_symlink():
        raise FileError(f"{folder.path} must be a folder, but is a symbolic link to {folder.path.resolve()}")
    return [Part("the whole run", (folder.path,), runs=True)]


def deletions(runs: Path) -> list[Path]:
    """The runs whose deletion was interrupted.

    `remove` writes a record into a run before it renames the run. The folder of an interrupted deletion contains this
    record, and the record has the folder's current name. A run that a user has renamed has no such record.
    """
    hidden = [path for path in sorted(runs.glob(".*")) if not path.is_symlink() and path.is_dir()]
    begun = [path for path in hidden if read_name(path / DELETING) == path.name]
    return [path for path in begun if not ((path / LOCK).is_file() and is_held(path / LOCK))]


def temporary(folders: Iterable[Path]) -> list[Part]:
    """Folders outside runs, found by `valp.search.run.temporary_folders.abandoned` and `deletions`."""
    return _parts(Part("left behind by killed searches", tuple(folders)))


def remove(parts: Iterable[Part]) -> None:
    """Deletes parts. A path that does not exist is not an error.

    A whole run is renamed first, and a record in it says so: see `deletions`.

    Raises:
        FileError: if something cannot be deleted.
    """
    for part in parts:
        for path in part.paths:
            try:
                _delete(_renamed(path) if part.runs else path)
            except OSError as error:
                raise FileError(f"{path} cannot be deleted: {error.strerror or error}") from error


def _parts(*parts: Part) -> list[Part]:
    """The parts that are not empty."""
    return [part for part in parts if part.paths]


def _renamed(run: Path) -> Path:
    """Renames a run to a hidden folder before it is deleted, and returns that folder."""
    hidden = run.with_name(f".{run.name}.{secrets.token_hex(4)}")
    write_name(run / DELETING, hidden.name)
    try:
        return run.rename(hidden)
    except OSError:
        (run / DELETING).unlink()
        raise


def _delete(path: Path) -> None:
    """Deletes a file or a folder. The files in `LAST` are deleted last. Symbolic links are not followed."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for inside in path.iterdir():
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        elif inside.name not in LAST:
            inside.unlink(missing_ok=True)
    for name in LAST:
        (path / name).unlink(missing_ok=True)
    path.rmdir()


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_symlink() or file.is_file())
