"""Loads Graphviz's fonts once, without the warnings that Graphviz's own fontconfig writes to stderr."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from valp.draw.appearance import FONT

GRAPHVIZ = Lock()
"""Held while something is drawn, because Graphviz does not support threads."""


def load_fonts() -> None:
    """Loads the fonts of pictures, unless this process has drawn one already. Call it before starting threads.

    Whatever a thread writes to stderr in the meantime appears afterwards, and is lost if the process ends first.
    """
    with GRAPHVIZ:
        fonts_loaded()


@cache
def fonts_loaded() -> None:
    """Draws a word on the first call. The caller must hold `GRAPHVIZ`.

    With the first word, Graphviz's own fontconfig writes warnings to stderr about system files that are newer than
    itself. Stderr is buffered for this word only.
    """
    import pygraphviz  # here, because most programs that import this package draw nothing

    word = pygraphviz.AGraph()
    word.add_node("valp", fontname=FONT)
    with _without_font_warnings():
        word.draw(format="svg", prog="dot")


@contextmanager
def _without_font_warnings() -> Iterator[None]:
    try:
        buffer = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    except OSError:  # the disk is full: the warnings do no harm
        yield
        return
    with buffer as said:
        stderr = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            said.seek(0)
            for line in said:
                if not line.startswith(b"Fontconfig warning"):
                    os.write(2, line)
