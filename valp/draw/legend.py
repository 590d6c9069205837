"""The legend of a picture."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from valp.draw.appearance import FAINT, ROLE_LINES, TEXT, colour_of, look_of
from valp.draw.markup import plain
from valp.graph.graph import DataType, Graph, Output, PrimaryNetwork, unit_of
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.own_types import OWN_TYPES


def legend_markup(graph: Graph, further: Mapping[str, Sequence[str]]) -> str:
    """What the fills and lines of this picture mean: a table with one column for each topic.

    `further` has more topics with their entries.
    """
    kinds = {network.kind for network in graph.networks}
    types = {unit_of(component).type for component in graph.components}
    roles = {connection.role for connection in graph.connections}
    targets: tuple[PrimaryNetwork | Output, ...] = (*graph.networks, *graph.outputs)
    merging = {target.combiner for target in targets if len(graph.incoming(target.name)) > 1}
    topics: dict[str, Sequence[str]] = {
        "fill and shape": [
            entry(filled(look_of(code).fill), kind.title) for code, kind in KINDS.items() if code in kinds
        ],
        "colour of lines": [
            entry(_line("solid", colour_of(t)), t.title()) for t in (*DataType, *OWN_TYPES) if t in types
        ],
        "arrows": [entry(_line(line, TEXT), text) for role, (line, text) in ROLE_LINES.items() if role in roles],
        "where several meet": [entry(f"<TD>{f.sign}</TD>", code) for code, f in COMBINERS.items() if code in merging],
        **further,
    }
    columns = {topic: entries for topic, entries in topics.items() if entries}
    if not columns:
        return ""
    head = "".join(f'<TD COLSPAN="2" ALIGN="LEFT"><I>{topic}&#160;&#160;&#160;</I></TD>' for topic in columns)
    rows = ["".join(row) for row in zip_longest(*columns.values(), fillvalue='<TD COLSPAN="2"></TD>')]
    body = "".join(f"<TR>{row}</TR>" for row in (head, *rows))
    return f'<<FONT POINT-SIZE="10"><TABLE BORDER="0" CELLSPACING="2" CELLPADDING="1">{body}</TABLE></FONT>>'


def entry(sample: str, text: str) -> str:
    """An entry of the legend. The sample is a cell of a table in markup."""
    return f'{sample}<TD ALIGN="LEFT">{plain(text)}&#160;&#160;&#160;</TD>'


def filled(colour: str) -> str:
    """A sample of a fill."""
    box = f'<TD BORDER="1" COLOR="{FAINT}" BGCOLOR="{colour}" WIDTH="26" HEIGHT="10" FIXEDSIZE="TRUE"></TD>'
    return f'<TD><TABLE BORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{box}</TR></TABLE></TD>'


def _line(style: str, colour: str) -> str:
    """A piece of line: the border between two halves of a cell."""
    upper = f'<TD BORDER="2" SIDES="B" STYLE="{style.upper()}" COLOR="{colour}" WIDTH="26" HEIGHT="6"></TD>'
    rows = f'<TR>{upper}</TR><TR><TD BORDER="0" HEIGHT="6"></TD></TR>'
    return f'<TD><TABLE BORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE></TD>'
