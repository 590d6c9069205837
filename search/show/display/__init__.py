"""The progress of a running search on stderr: a live table on a terminal, plain lines elsewhere."""

import os
import sys

from valp.search.engine.display import Display, SilentDisplay
from valp.search.engine.status import Status
from valp.search.number_text import duration, number_text
from valp.search.show.display.lines import LineDisplay, line
from valp.search.show.display.live import LiveDisplay

__all__ = [
    "Display",
    "LineDisplay",
    "LiveDisplay",
    "SilentDisplay",
    "Status",
    "display_for_stderr",
    "duration",
    "line",
    "number_text",
]


def display_for_stderr() -> Display:
    """A live table if stderr is a terminal whose cursor can be moved, else plain lines."""
    moves = sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")
    return LiveDisplay() if moves else LineDisplay()
