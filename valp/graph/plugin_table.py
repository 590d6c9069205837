"""Tables of kinds, combiners, losses and data types, to which other packages add rows through their entry points."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from importlib.metadata import entry_points
from typing import Protocol, TypeVar

from valp.errors import SettingError


class Coded(Protocol):
    """What has a code by which graphs call it."""

    @property
    def code(self) -> str:
        """The name in a graph."""


T = TypeVar("T", bound=Coded)


class PluginTable(Mapping[str, T]):
    """Rows by their code: the library's own, then those that other packages add, by the names of their entry points.

    The others are looked for when the table is first read, so that their modules can import this library. Then an
    entry point that is wrong raises; see `plugins`.

    Args:
        group: of the entry points, such as `valp.parts.kinds`.
        row: what a row is.
        own: the library's rows.
        taken: codes that are not free, besides those of the library's rows.
    """

    def __init__(self, group: str, row: type[T], own: Collection[T], *, taken: Collection[str] = ()) -> None:
        self._group, self._row, self._own, self._taken = group, row, own, taken

    @cached_property
    def rows(self) -> dict[str, T]:
        """All of them."""
        own = {row.code: row for row in self._own}
        return own | {row.code: row for row in plugins(self._group, self._row, taken=[*own, *self._taken])}

    def __getitem__(self, code: str) -> T:
        return self.rows[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def plugins(group: str, row: type[T], *, taken: Collection[str]) -> Iterator[T]:
    """The rows that installed packages add to a table, by name.

    An entry point names a row, or a class of rows that is made without arguments.

    Args:
        group: of the entry points, such as `valp.parts.kinds`.
        row: what a row must be.
        taken: the codes that are not free.

    Raises:
        SettingError: if one cannot be loaded, is no such row, or has a code that is taken.
    """
    codes = set(taken)
    for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
        where = f"entry point {entry.name!r} in {group} of package {entry.dist.name if entry.dist else '?'}"
        try:
            found = entry.load()
            found = found() if isinstance(found, type) else found
        except Exception as error:  # it is another's code: anything may happen in it
            raise SettingError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
        if not isinstance(found, row):
            raise SettingError(f"{where} must be a {row.__name__}, but is a {type(found).__name__}")
        if found.code in codes:
            raise SettingError(f"{where} has the code {found.code!r}, which is taken")
        codes.add(found.code)
        yield found
