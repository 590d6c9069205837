"""The errors a user can cause. Each message is one sentence: what must hold, what was found, where."""

from collections.abc import Sequence
from difflib import get_close_matches
from importlib.util import find_spec


class ValpError(Exception):
    """The root of every error that wrong input causes; the command line prints it and exits with 1."""


class DataError(ValpError):
    """Data that is missing, unreadable or does not fit the problem."""


class FileError(ValpError):
    """A graph, candidate, bundle or run on disk that cannot be read or must not be overwritten."""


class SearchError(ValpError):
    """A search without any result: all its candidates failed, or no worker can start."""


class SettingError(ValpError):
    """A setting outside the values it may take."""


class MissingPackageError(ValpError):
    """An optional package that is needed but not installed."""


def require_packages(use: str, extra: str, *packages: str) -> None:
    """Checks that optional packages are installed, before the work that needs them starts.

    Args:
        use: what needs them, for the message: `an ONNX file`.
        extra: the extra of this project that installs them: `onnx`.
        packages: the names by which they are imported.

    Raises:
        MissingPackageError: if one is not installed.
    """
    missing = [package for package in packages if not _is_installed(package)]
    if missing:
        raise MissingPackageError(f"{use} needs {' and '.join(missing)}; install it with: pip install 'valp[{extra}]'")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:  # an import hook may refuse it
        return False


def first_line(error: BaseException) -> str:
    """The type of an error and the first line of its message, if it has one."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def message_line(error: BaseException) -> str:
    """The first line of the message of an error, without its type."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no reason given"


def hint(word: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown word: `; did you mean …?`, or the known words."""
    close = get_close_matches(word, known, n=1)
    listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"; did you mean {close[0]!r}?" if close else f"; there is {listed}"
