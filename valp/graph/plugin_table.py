"""Tables of parts (kinds, losses, strategies, problems, …), to which other packages add rows by entry points."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import entry_points
from typing import Any, Protocol, TypeVar

from valp.errors import SettingError


class Coded(Protocol):
    """A row of a table. Graphs, settings and commands name it by its code."""

    @property
    def code(self) -> str:
        """The code."""


T = TypeVar("T", bound=Coded)


class PluginTable(Mapping[str, T]):
    """Rows by their code: the library's own, then those of other packages, sorted by the names of their entry points.

    The entry points are loaded when the table is first read, so that their modules can import this library. An invalid
    entry point raises an error then; see `plugins`.

    Args:
        group: the group of entry points, such as `valp.kinds`.
        row: the class of a row.
        own: the library's rows.
        taken: codes that rows of other packages must not have, besides those of the library's rows.
    """

    def __init__(self, group: str, row: type[T], own: Collection[T], *, taken: Collection[str] = ()) -> None:
        self._group, self._row, self._own, self._taken = group, row, own, taken

    @cached_property
    def rows(self) -> dict[str, T]:
        """All rows by their code."""
        own = {row.code: row for row in self._own}
        return own | {row.code: row for row in plugins(self._group, self._row, taken=[*own, *self._taken])}

    def __getitem__(self, code: str) -> T:
        return self.rows[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @contextmanager
    def adding(self, row: T) -> Iterator[None]:
        """Adds a row for the length of a `with` block. It replaces a row with the same code.

        For tests, notebooks and experiments. If other processes need the row, such as the workers of a search or a
        process that opens the run again, it needs an entry point.
        """
        before = self.rows
        self.rows = before | {row.code: row}
        try:
            yield
        finally:
            self.rows = before


def plugins(group: str, row: type[T], *, taken: Collection[str]) -> Iterator[T]:
    """The rows that installed packages add to a table, sorted by the names of their entry points.

    An entry point names a row, or the class of a row, which is then made without arguments.

    Args:
        group: the group of entry points, such as `valp.kinds`.
        row: the class of a row.
        taken: codes that the rows must not have.

    Raises:
        SettingError: if an entry point cannot be loaded, is not such a row, has no code, or a code that is taken.
    """
    codes = set(taken)
    for where, entry in entries(group):
        try:
            found = entry() if isinstance(entry, type) else entry
        except Exception as error:  # code of another package may raise anything
            raise _broken(where, error) from error
        if not isinstance(found, row):
            raise SettingError(f"{where} must be a {row.__name__}, but is a {type(found).__name__}")
        if not isinstance(getattr(found, "code", None), str):
            raise SettingError(f"{where} must have a code, a text, but has {getattr(found, 'code', None)!r}")
        if found.code in codes:
            raise SettingError(f"{where} has the code {found.code!r}, which is taken")
        codes.add(found.code)
        yield found


def entries(group: str) -> Iterator[tuple[str, Any]]:
    """The objects that the entry points of a group name, each with a description of its entry point for messages.

    Raises:
        SettingError: if one cannot be loaded.
    """
    for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
        where = f"entry point {entry.name!r} in {group} of package {entry.dist.name if entry.dist else '?'}"
        try:
            found = entry.load()
        except Exception as error:  # code of another package may raise anything
            raise _broken(where, error) from error
        yield where, found


def _broken(where: str, error: Exception) -> SettingError:
    return SettingError(f"{where} cannot be loaded: {type(error).__name__}: {error}")
