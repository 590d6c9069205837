"""The standard streams of a command: any terminal, a full disk, a reader that has gone."""

import io
import os
import sys
from contextlib import suppress


def accept_any_text() -> None:
    """Escapes characters that the encoding of stdout cannot write, such as "–" in ASCII, instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def complain(message: str) -> None:
    """Prints a message on stderr, if it can be written."""
    with suppress(OSError, ValueError):  # the terminal is closed
        print(f"valp: {message}", file=sys.stderr, flush=True)


def leave_lost_stderr() -> None:
    """Sends what is left to be written on stderr nowhere, if stderr cannot be written, as on a full disk.

    To be called at exit: Python writes it then and would fail again, and the exit code would be 120.
    """
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def is_stdout_lost() -> bool:
    """Whether stdout cannot be written."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False


def abandon_stdout() -> None:
    """Sends what is left to be written on stdout nowhere, because Python writes it at exit and would fail again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
