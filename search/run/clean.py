"""What a run does not need any more: neither to be looked at, nor to be resumed."""

import re
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from valp.errors import FileError
from valp.search.run.folder import WEIGHTS, Folder
from valp.search.run.run import Run
from valp.search.show.pictures import GRAPH, samples_names
from valp.search.strategies import STRATEGIES

UNFINISHED = re.compile(r"\..+\.[0-9a-f]{8}(\.[^.]+)?")
"""The names of what is being written, as `valp.files.replacing` and `valp.search.run.folder.filling` call it."""


@dataclass(frozen=True)
class Part:
    """Files and folders that can go, and why."""

    title: str
    paths: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Their bytes."""
        return sum(_size(path) for path in self.paths)


def needed(run: Run) -> set[int]:
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


def superfluous(run: Run) -> list[Part]:
    """What a run can do without. Nobody may be searching it.

    Scores, curves and the candidates themselves stay, of all.
    """
    kept, ended = needed(run), [entry.number for entry in run.ledger.entries() if entry.state != "running"]
    folders = [run.folder.candidate(number) for number in ended if number not in kept]
    pictures = (GRAPH, *samples_names(run.problem).values())
    return _parts(
        ("weights of candidates off the front", (path / WEIGHTS for path in folders)),
        ("pictures of candidates off the front", (path / name for path in folders for name in pictures)),
        ("writing that was interrupted", _unfinished(run.folder.path)),
    )


def whole(folder: Folder) -> list[Part]:
    """All of a run."""
    return _parts(("the whole run", [folder.path]))


def deletions(runs: Path) -> list[Path]:
    """The runs whose deletion was interrupted."""
    return [path for path in sorted(runs.glob(".*")) if UNFINISHED.fullmatch(path.name)]


def temporary(folders: Iterable[Path]) -> list[Part]:
    """Folders outside runs, as of `valp.search.run.temporary_folders.abandoned` and `deletions`."""
    return _parts(("left behind by searches that were killed", folders))


def remove(parts: Iterable[Part]) -> None:
    """Deletes, a folder as a whole: half of one is never met by its name. What is gone already is no error.

    Raises:
        FileError: if something cannot be deleted.
    """
    for path in (path for part in parts for path in part.paths):
        try:
            if path.is_dir():
                shutil.rmtree(path.rename(path.with_name(f".{path.name}.{secrets.token_hex(4)}")))
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise FileError(f"{path} cannot be deleted: {error.strerror or error}") from error


def _parts(*found: tuple[str, Iterable[Path]]) -> list[Part]:
    """What there is of it."""
    parts = [Part(title, tuple(path for path in paths if path.exists())) for title, paths in found]
    return [part for part in parts if part.paths]


def _unfinished(folder: Path) -> list[Path]:
    """The outermost files and folders below one that are being written, or were when their writer died."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if UNFINISHED.fullmatch(path.name):
            found.append(path)
        elif path.is_dir():
            found += _unfinished(path)
    return found


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_symlink() or file.is_file())
