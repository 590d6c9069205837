"""What a run does not need any more: neither to be looked at, nor to be resumed."""

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
"""The record in a run that is being deleted: the name of the folder that the run becomes first."""

LAST = (LOCK, MARK, DELETING, OWNER)
"""What is deleted last of a folder, in this order: it says whose the folder is, and whether it is in use."""


@dataclass(frozen=True)
class Part:
    """Files and folders that can go, and why."""

    title: str
    paths: tuple[Path, ...]
    runs: bool = False
    """Whether these are whole runs: half of one must never have its name."""

    @property
    def size(self) -> int:
        """Their bytes."""
        return sum(_size(path) for path in self.paths)


def needed(run: StoredRun) -> set[int]:
    """The candidates whose files stay.

    The front; those whose weights a later proposal may inherit; those that are not finished, and their parents.

    Raises:
        FileError: if the run's strategy is not known any more.
    """
    strategy = STRATEGIES.get(run.settings.strategy)
    if strategy is None:
        raise FileError(
            f"run {run.folder.name!r} was searched by {run.settings.strategy!r}, which there is not any more"
        )
    entries = run.ledger.entries()
    unfinished = [entry for entry in entries if entry.state == "running"]
    kept = {entry.number for entry in [*run.ledger.front(entries), *unfinished]} | strategy.keeps(run.ledger)
    return kept.union(*(entry.parents for entry in unfinished))


def superfluous(run: StoredRun) -> list[Part]:
    """What a run can do without. Nobody may be searching it.

    Scores, curves and the candidates themselves stay, of all.
    """
    kept, ended = needed(run), [entry.number for entry in run.ledger.entries() if entry.state != "running"]
    folders = [run.folder.candidate(number) for number in ended if number not in kept]
    pictures = (GRAPH, *samples_names(run.problem).values())
    files = [path / WEIGHTS for path in folders], [path / name for path in folders for name in pictures]
    return _parts(
        Part("weights of candidates off the front", tuple(path for path in files[0] if path.is_file())),
        Part("pictures of candidates off the front", tuple(path for path in files[1] if path.is_file())),
        Part("writing that was interrupted", tuple(interrupted(run.folder.path))),
    )


def whole(folder: Folder) -> list[Part]:
    """All of a run.

    Raises:
        FileError: if its folder is a symbolic link.
    """
    if folder.path.is_symlink():
        raise FileError(f"{folder.path} must be a folder, but is a symbolic link to {folder.path.resolve()}")
    return [Part("the whole run", (folder.path,), runs=True)]


def deletions(runs: Path) -> list[Path]:
    """The runs whose deletion was interrupted.

    Such a folder contains the record that `remove` wrote before it renamed the run, and the record names this very
    folder. A run that a user has renamed has no such record.
    """
    hidden = [path for path in sorted(runs.glob(".*")) if not path.is_symlink() and path.is_dir()]
    begun = [path for path in hidden if read_name(path / DELETING) == path.name]
    return [path for path in begun if not ((path / LOCK).is_file() and is_held(path / LOCK))]


def temporary(folders: Iterable[Path]) -> list[Part]:
    """Folders outside runs, as of `valp.search.run.temporary_folders.abandoned` and `deletions`."""
    return _parts(Part("left behind by searches that were killed", tuple(folders)))


def remove(parts: Iterable[Part]) -> None:
    """Deletes. What is gone already is no error.

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
    """Those that are not empty."""
    return [part for part in parts if part.paths]


def _renamed(run: Path) -> Path:
    """The hidden folder that a run becomes before it is deleted."""
    hidden = run.with_name(f".{run.name}.{secrets.token_hex(4)}")
    write_name(run / DELETING, hidden.name)
    try:
        return run.rename(hidden)
    except OSError:
        (run / DELETING).unlink()
        raise


def _delete(path: Path) -> None:
    """Deletes a file, or a folder: all that is in it, then what says whose it is. A symbolic link is not followed."""
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
