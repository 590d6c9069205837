"""HTML for notebooks: small tables and pictures that need no style sheet."""

import base64
from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def table_html(head: Sequence[str], rows: Iterable[Sequence[object]], *, left: int = 1) -> Html:
    """A table.

    Args:
        head: the titles of the columns.
        rows: the cells; each row has one per title. A cell is escaped unless it is `Html`.
        left: how many columns are aligned to the left; the others hold numbers.
    """
    aligned = [f'style="text-align:{"left" if i < left else "right"}"' for i in range(len(head))]
    titles = "".join(f"<th {style}>{escaped(title)}</th>" for style, title in zip(aligned, head, strict=True))
    lines = [
        "".join(f"<td {style}>{escaped(cell)}</td>" for style, cell in zip(aligned, row, strict=True)) for row in rows
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return Html(f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>")


def picture_html(svg: str, *, alt: str, height: int) -> Html:
    """An SVG document as an image of at most `height` pixels; as an image, its ids cannot clash with others."""
    data = base64.b64encode(svg.encode()).decode()
    return Html(
        f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}" '
        f'style="max-height:{height}px;max-width:100%;background:white">'
    )


def paragraph_html(*parts: str) -> Html:
    """A line of text, its parts separated by dots; a part is escaped unless it is `Html`."""
    return Html(f"<p>{' · '.join(map(escaped, parts))}</p>")


def bold_html(text: str) -> Html:
    """Text in bold."""
    return Html(f"<strong>{escape(text)}</strong>")


def escaped(value: object) -> str:
    """A value as HTML."""
    return value if isinstance(value, Html) else escape(str(value))
