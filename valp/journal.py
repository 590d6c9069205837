"""A folder's records of what is being written below it: what an interrupted process left is known for certain."""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

JOURNAL = ".valp-writing"
"""The folder of the records. A folder that has none keeps no records."""

LIMIT = 10_000
"""Bytes of a record. A longer file is not a record."""

HEX = set("0123456789abcdef")
TOKEN = 8
"""Letters of a record's name."""


@contextmanager
def being_written(folder: Path, stem: str, suffix: str = "") -> Iterator[Path]:
    """A hidden temporary path in `folder`, for the time of the block. The block makes it, and removes or renames it.

    If a folder around it keeps a journal, a record there names the path before the block begins. The record goes when
    nothing has that path any more. Each path has a record of its own, so that any number of processes can write.

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
            with suppress(OSError):  # a record of nothing does no harm
                record.unlink()


def interrupted(folder: Path) -> list[Path]:
    """What the journal of a folder names, outermost files and folders only, and then the records that name it.

    Nothing may be writing there. A record counts only if it names a temporary path below the folder that was made with
    it: a relative path without `..` whose name contains the record's own name, and that leads through no symbolic link.
    All other records are passed over, and so is everything that no record names.
    """
    journal = folder / JOURNAL
    if not _is(stat.S_ISDIR, journal):
        return []
    named = {record: path for record in sorted(journal.iterdir()) if (path := _named(folder, record)) is not None}
    there = {path for path in named.values() if os.path.lexists(path)}
    return [*sorted(path for path in there if there.isdisjoint(path.parents)), *named]


def write_name(record: Path, name: str) -> None:
    """Writes a record that names something; a file of its name is replaced. Raises OSError if that fails."""
    record.unlink(missing_ok=True)  # it may be a symbolic link
    try:
        with record.open("xb") as file:
            file.write(os.fsencode(name) + b"\n")
    except OSError:
        with suppress(OSError):  # half a record is of no use, and nothing else removes it
            record.unlink()
        raise


def read_name(record: Path) -> str | None:
    """What a record names; None if the file is not there, or is not a whole record."""
    try:
        if not stat.S_ISREG(record.lstat().st_mode) or record.lstat().st_size > LIMIT:
            return None
        content = record.read_bytes()
    except OSError:
        return None
    return os.fsdecode(content[:-1]) if content.endswith(b"\n") and b"\0" not in content else None


def _write_record(path: Path, token: str) -> Path | None:
    """The record of a path in the journal of the closest folder around it that has one."""
    whole = Path(os.path.abspath(path))
    for folder in whole.parents:
        if _is(stat.S_ISDIR, folder / JOURNAL):
            record = folder / JOURNAL / token
            write_name(record, whole.relative_to(folder).as_posix())
            return record
    return None


def _named(folder: Path, record: Path) -> Path | None:
    """The temporary path that a record names, whether it is still there or not; None if the record does not count."""
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
    """Whether a path is of a kind; a symbolic link is none of those that it points to."""
    try:
        return kind(path.lstat().st_mode)
    except OSError:
        return False
