"""A folder's journal of what is being written below it, which shows for certain what an interrupted process left."""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

JOURNAL = ".valp-writing"
"""The subfolder with the records. A folder without it keeps no journal."""

LIMIT = 10_000
"""The maximum size of a record in bytes. A longer file is not a record."""

HEX = set("0123456789abcdef")
TOKEN = 8
"""The length of a record's name."""


@contextmanager
def being_written(folder: Path, stem: str, suffix: str = "") -> Iterator[Path]:
    """A hidden temporary path in `folder` for use inside the block. The block creates it, and removes or renames it.

    If a folder above keeps a journal, a record there names the path before the block begins. The record is removed once
    nothing exists at that path. Each path has its own record, so any number of processes can write.

    Raises:
        OSError: if the record cannot be written.
    """
    token = secrets.token_hex(TOKEN // 2)
    path = folder / f".{stem}.{token}{suffix}"
    record = _write_record(path, token)
    try:
        yield path
    finally:
        if record is not None and not os.path.lexists(path):
            with suppress(OSError):  # a leftover record does no harm
                record.unlink()


def interrupted(folder: Path) -> list[Path]:
    """The outermost files and folders that a folder's journal names, then the records that name them.

    No process may be writing there. A record counts only if it names a temporary path below the folder that was made
    with it: a relative path without `..` and without symbolic links, whose name contains the record's own name. Other
    records are ignored, and so is everything that no record names.
    """
    journal = folder / JOURNAL
    if not _is(stat.S_ISDIR, journal):
        return []
    named = {record: path for record in sorted(journal.iterdir()) if (path := _named(folder, record)) is not None}
    there = {path for path in named.values() if os.path.lexists(path)}
    return [*sorted(path for path in there if there.isdisjoint(path.parents)), *named]


def write_name(record: Path, name: str) -> None:
    """Writes a record that contains `name`, and replaces an existing file. Raises OSError if that fails."""
    record.unlink(missing_ok=True)  # it may be a symbolic link
    try:
        with record.open("xb") as file:
            file.write(os.fsencode(name) + b"\n")
    except OSError:
        with suppress(OSError):  # half a record is useless, and nothing else removes it
            record.unlink()
        raise


def read_name(record: Path) -> str | None:
    """The name that a record contains; None if the file does not exist or is not a whole record."""
    try:
        if not stat.S_ISREG(record.lstat().st_mode) or record.lstat().st_size > LIMIT:
            return None
        content = record.read_bytes()
    except OSError:
        return None
    return os.fsdecode(content[:-1]) if content.endswith(b"\n") and b"\0" not in content else None


def _write_record(path: Path, token: str) -> Path | None:
    """Writes a record of a path to the journal of the closest folder above it that has one. Returns the record."""
    whole = Path(os.path.abspath(path))
    for folder in whole.parents:
        if _is(stat.S_ISDIR, folder / JOURNAL):
            record = folder / JOURNAL / token
            write_name(record, whole.relative_to(folder).as_posix())
            return record
    return None


def _named(folder: Path, record: Path) -> Path | None:
    """The temporary path that a record names, whether or not it still exists; None if the record does not count."""
    token, name = record.name, read_name(record)
    if len(token) != TOKEN or not HEX.issuperset(token) or name is None:
        return None
    relative = PurePosixPath(name)
    before, _, after = relative.name.rpartition(f".{token}")
    made = before.startswith(".") and len(before) > 1 and (not after or after.startswith("."))
    if not made or relative.is_absolute() or ".." in relative.parts:
        return None
    path = folder
    for part in relative.parts[:-1]:
        path /= part
        if os.path.lexists(path) and not _is(stat.S_ISDIR, path):
            return None
    path /= relative.name
    mine = not os.path.lexists(path) or _is(stat.S_ISDIR, path) or _is(stat.S_ISREG, path)
    return path if mine else None


def _is(kind: Callable[[int], bool], path: Path) -> bool:
    """Whether a path is of a kind. Symbolic links are not followed."""
    try:
        return kind(path.lstat().st_mode)
    except OSError:
        return False
