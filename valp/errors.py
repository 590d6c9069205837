"""The errors a user can cause. Each message is one sentence: what must hold, what was found, where."""

from collections.abc import Sequence
from difflib import get_close_matches


class ValpError(Exception):
    """The root of every error that wrong input causes; the command line prints it and exits with 1."""


class DataError(ValpError):
    """Data that is absent, unreadable or does not fit the problem."""


class FileError(ValpError):
    """A graph, candidate, bundle or run on disk that cannot be read or must not be overwritten."""


class SearchError(ValpError):
    """A search without any result: all its candidates failed, or no worker can start."""


class SettingError(ValpError):
    """A setting outside the values it may take."""


def hint(word: str, known: Sequence[str]) -> str:
    """What ends a message about a word that is not known: `; did you mean …?`, or what there is."""
    close = get_close_matches(word, known, n=1)
    listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"; did you mean {close[0]!r}?" if close else f"; there is {listed}"
