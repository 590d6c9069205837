"""Text in the markup of Graphviz's labels."""

from html import escape

from valp.draw.appearance import WRONG
from valp.graph.layers.layer import NO_BREAK


def lines_markup(*lines: str) -> str:
    """A label of several lines, each of which is markup."""
    return f"<{'<BR/>'.join(lines)}>"


def above_table(table: str, *lines: str) -> str:
    """A label of several lines, each of which is markup, with a table below."""
    rows = "".join(f"<TR><TD>{part}</TD></TR>" for part in ("<BR/>".join(lines), table))
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>>'


def bold(text: str) -> str:
    """Text in bold."""
    return f"<B>{plain(text)}</B>"


def red(text: str) -> str:
    """Text in the colour of errors."""
    return f'<FONT COLOR="{WRONG}">{plain(text)}</FONT>'


def plain(text: str) -> str:
    """Text as markup. In an invalid graph, kinds and activations can be any text."""
    return (
        escape("".join(letter if letter.isprintable() or letter == NO_BREAK else "\ufffd" for letter in text))
        or "&#160;"
    )
