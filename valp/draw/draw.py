"""Pictures of graphs, laid out by Graphviz: of broken graphs too, so that a user can look at what is wrong."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import cycle, zip_longest
from pathlib import Path
from textwrap import wrap
from threading import Lock
from typing import Any

from valp.draw.layer_text import layers_text
from valp.errors import SettingError
from valp.files import write_bytes
from valp.graph.graph import (
    Connection,
    DataType,
    DataUnit,
    Graph,
    Input,
    Output,
    PrimaryNetwork,
    Role,
)
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.losses import KL, LOSSES
from valp.parts.own_types import OWN_TYPES

FONT = "Helvetica,Arial,sans-serif"
FORMATS = {".svg": "svg", ".png": "png"}


@dataclass(frozen=True)
class Look:
    """The shape and fill of a node: what it is."""

    shape: str
    fill: str
    style: str = "filled"
    margin: str = "0.12,0.06"


# Colours are Okabe and Ito's (2008), which colour-blind readers can tell apart, and light tints of them. The colour
# of a line always says the type of data, the shape and fill of a node its kind.
TYPE_COLOURS = {
    DataType.NUMERIC: "#0072B2",  # blue
    DataType.DISCRETE: "#D55E00",  # vermillion
    DataType.SAMPLES: "#009E73",  # bluish green
    DataType.FEATURES: "#CC79A7",  # reddish purple
}
OWN_TYPE_COLOUR = "#B8860B"  # of users' own types
ROLE_LINES = {
    Role.DATA: ("solid", "data"),
    Role.LATENT: ("dotted", "latent: μ and log σ² of z; cut when generating"),
    Role.CONDITION: ("dashed", "condition: kept when generating"),
}
INPUT_LOOK = Look("ellipse", "#FFFFFF")
OUTPUT_LOOK = Look("box", "#FFFFFF")
KIND_LOOKS = {
    "g": Look("box", "#EEF1F4", "rounded,filled"),
    "delta": Look("box", "#FBEBC8", "diagonals,filled", "0.2,0.06"),
    "d": Look("box3d", "#DDF0FB", margin="0.15,0.1"),
    "c": Look("folder", "#F6E3EE", margin="0.12,0.1"),
    "t": Look("tab", "#E3F3EC", margin="0.12,0.1"),
    "b": Look("octagon", "#F1E9E1", margin="0.02,0.02"),
    "r": Look("note", "#FAF6D2", margin="0.2,0.08"),
}
OTHER_LOOKS = (  # for kinds of other packages, in the order of `KINDS`
    Look("component", "#E9EDE0", margin="0.2,0.08"),
    Look("cylinder", "#E6E6FA", margin="0.2,0.08"),
    Look("parallelogram", "#E0F0F0", margin="0.02,0.02"),
    Look("septagon", "#FBE3DA", margin="0.02,0.02"),
)
UNKNOWN_LOOK = Look("box", "#FFFFFF", "filled,dashed")
TEXT, FAINT, WRONG = "#222222", "#666666", "#C00000"
LINE_LENGTH = 28
"""Hidden layers are told in lines of so many letters, for wide nodes spread the picture."""

NO_BREAK = "\u00a0"
"""A space at which no line ends."""

BOARD = {"rankdir": "TB", "fontname": FONT, "fontsize": "12", "fontcolor": TEXT, "labelloc": "b", "pad": "0.2",
         "nodesep": "0.35", "ranksep": "0.45", "bgcolor": "white"}  # fmt: skip
NODE = {"fontname": FONT, "fontsize": "12", "fontcolor": TEXT, "penwidth": "2"}
EDGE = {"fontname": FONT, "fontsize": "11", "fontcolor": TEXT, "penwidth": "1.6", "arrowsize": "0.8"}

_graphviz = Lock()
"""Held while something is drawn, for Graphviz does not stand two threads."""


def draw(graph: Graph, path: Path | str, *, title: str | None = None) -> Path:
    """Writes a picture of a graph, `.svg` or `.png` by the suffix of `path`.

    What no component is, or no kind, is drawn in red.

    Raises:
        SettingError: for another suffix.
        FileError: if the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise SettingError(f"a picture's suffix must be {' or '.join(FORMATS)}, but got {path.name!r}")
    write_bytes(path, _rendered(graph, title, FORMATS[path.suffix.lower()]))
    return path


def draw_svg(graph: Graph, *, title: str | None = None, legend: bool = True) -> str:
    """The picture of a graph as an SVG document, with or without a legend below."""
    return _rendered(graph, title, "svg", legend).decode()


def load_fonts() -> None:
    """Loads the fonts of pictures, if no picture of this process has yet; a program draws in threads after it.

    What any thread writes to stderr meanwhile comes after it, and is lost if the process ends before.
    """
    with _graphviz:
        _fonts_loaded()


def _rendered(graph: Graph, title: str | None, kind: str, legend: bool = True) -> bytes:
    with _graphviz:
        _fonts_loaded()
        board = _picture(graph, title, legend)
        picture: bytes = board.draw(format=kind, prog="dot")
    return picture


@cache
def _fonts_loaded() -> None:
    """Draws a word: with the first one Graphviz's own fontconfig complains of system files that are newer than it.

    It complains on the process' stderr, which is held back for this once and never again.
    """
    import pygraphviz  # here, for most who import this package draw nothing

    word = pygraphviz.AGraph()
    word.add_node("valp", fontname=FONT)
    with _without_font_warnings():
        word.draw(format="svg", prog="dot")


@contextmanager
def _without_font_warnings() -> Iterator[None]:
    with tempfile.TemporaryFile() as said:
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


def look_of(kind: str) -> Look:
    """The look of a kind of network; each kind has one, whether or not the table names it."""
    if kind in KIND_LOOKS:
        return KIND_LOOKS[kind]
    others = zip((code for code in KINDS if code not in KIND_LOOKS), cycle(OTHER_LOOKS), strict=False)
    return dict(others).get(kind, UNKNOWN_LOOK)


def _picture(graph: Graph, title: str | None, legend: bool) -> Any:
    import pygraphviz

    picture = pygraphviz.AGraph(strict=False, directed=True)
    picture.graph_attr.update(BOARD, label=_legend(graph) if legend else "")
    picture.node_attr.update(NODE)
    picture.edge_attr.update(EDGE)
    # Graphviz gives a graph one label: the legend below is the graph's, the title above that of a box around the nodes.
    board = picture.add_subgraph(name="cluster_components", label=_html(_bold(title)) if title else "", peripheries="0")
    board.graph_attr.update(labelloc="t", fontsize="16")
    seen: set[str] = set()
    for component in graph.components:
        name = component.name
        again = name in seen
        while name in seen:
            name += " again"  # no name has a space
        seen.add(name)
        _add_component(board, graph, component, name, again)
    for name in _unknown(graph):
        label = _html(_bold(name), "unknown", *_judged(graph, name))
        board.add_node(name, label=label, shape="box", style="dashed", color=WRONG, fontcolor=WRONG)
    for number, connection in enumerate(graph.connections):
        _add_connection(board, graph, connection, str(number))
    return picture


def _add_component(
    board: Any, graph: Graph, component: Input | PrimaryNetwork | Output, identifier: str, again: bool
) -> None:
    unit, head, lines = _unit(component), _bold(component.name), []
    look = INPUT_LOOK if isinstance(component, Input) else OUTPUT_LOOK
    if not isinstance(component, Input) and len(graph.incoming(component.name)) > 1:
        head += f" {_combiner(component.combiner)}"
    if isinstance(component, PrimaryNetwork):
        look = look_of(component.kind)
        lines = [_text(KINDS[component.kind].title) if component.kind in KINDS else _red(f"{component.kind}?")]
        lines += [_text(line) for line in wrap(layers_text(component), LINE_LENGTH)]
    if again:
        lines.append(_red("name used again"))
    lines.append(_text(f"{unit.type.title()} {'×'.join(map(str, unit.shape))}"))
    lines += [] if again else _judged(graph, component.name)
    colour = WRONG if again else _colour(unit.type)
    board.add_node(
        identifier,
        label=_html(head, *lines),
        shape=look.shape,
        style=look.style,
        margin=look.margin,
        fillcolor=look.fill,
        color=colour,
    )


def _add_connection(board: Any, graph: Graph, connection: Connection, key: str) -> None:
    units = {component.name: _unit(component) for component in reversed(graph.components)}
    unit = units.get(connection.source)
    size = len(connection.indices) if connection.indices is not None else unit.size if unit else None
    label = "all" if size is None else str(size)
    if unit is not None and size != unit.size:
        label += f" of {unit.size}"
    if connection.role is Role.LATENT and size is not None:
        label += f" → z {size // 2}"
    known = unit is not None and connection.target in units
    colour = _colour(unit.type) if unit is not None and known else WRONG
    style, _ = ROLE_LINES[connection.role]
    board.add_edge(connection.source, connection.target, key=key, label=f" {label} ", style=style, color=colour)


def _unknown(graph: Graph) -> list[str]:
    """The names that connections and losses mention and no component has, each once."""
    known = {component.name for component in graph.components}
    mentioned = [end for c in graph.connections for end in (c.source, c.target)]
    mentioned += [name for loss in graph.losses for name in (loss.prediction, loss.truth) if name is not None]
    return [name for name in dict.fromkeys(mentioned) if name not in known]


def _unit(component: Input | PrimaryNetwork | Output) -> DataUnit:
    return component.output if isinstance(component, PrimaryNetwork) else component.unit


def _colour(unit_type: DataType | str) -> str:
    return TYPE_COLOURS[unit_type] if isinstance(unit_type, DataType) else OWN_TYPE_COLOUR


def _judged(graph: Graph, name: str) -> list[str]:
    """The losses that judge a component, with their β; an unknown one in red."""
    lines = []
    for loss in graph.losses:
        if loss.prediction == name:
            against = f" to {loss.truth}" if loss.truth not in (None, name) else ""
            line = f"β {loss.beta:.3g} · {loss.kind}{against}"
            known = loss.kind == KL or loss.kind in LOSSES
            lines.append(f"<I>{_text(line)}</I>" if known else _red(f"{line}?"))
    return lines


def _combiner(code: str) -> str:
    return _text(COMBINERS[code].sign) if code in COMBINERS else _red(f"{code}?")


def _legend(graph: Graph) -> str:
    """What the fills and lines of this picture mean: a table with one column a topic."""
    kinds = {network.kind for network in graph.networks}
    types = {_unit(component).type for component in graph.components}
    roles = {connection.role for connection in graph.connections}
    targets: tuple[PrimaryNetwork | Output, ...] = (*graph.networks, *graph.outputs)
    merging = {target.combiner for target in targets if len(graph.incoming(target.name)) > 1}
    topics = {
        "fill and shape": [_entry(_fill(look_of(code)), kind.title) for code, kind in KINDS.items() if code in kinds],
        "colour of lines": [
            _entry(_line("solid", _colour(t)), t.title()) for t in (*DataType, *OWN_TYPES) if t in types
        ],
        "arrows": [_entry(_line(line, TEXT), text) for role, (line, text) in ROLE_LINES.items() if role in roles],
        "where several meet": [_entry(f"<TD>{f.sign}</TD>", code) for code, f in COMBINERS.items() if code in merging],
    }
    columns = {topic: entries for topic, entries in topics.items() if entries}
    if not columns:
        return ""
    head = "".join(f'<TD COLSPAN="2" ALIGN="LEFT"><I>{topic}</I></TD>' for topic in columns)
    rows = ["".join(row) for row in zip_longest(*columns.values(), fillvalue='<TD COLSPAN="2"></TD>')]
    body = "".join(f"<TR>{row}</TR>" for row in (head, *rows))
    return f'<<FONT POINT-SIZE="10"><TABLE BORDER="0" CELLSPACING="2" CELLPADDING="1">{body}</TABLE></FONT>>'


def _entry(sample: str, text: str) -> str:
    return f'{sample}<TD ALIGN="LEFT">{_text(text)}&#160;&#160;&#160;</TD>'


def _fill(look: Look) -> str:
    box = f'<TD BORDER="1" COLOR="{FAINT}" BGCOLOR="{look.fill}" WIDTH="26" HEIGHT="10" FIXEDSIZE="TRUE"></TD>'
    return f'<TD><TABLE BORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{box}</TR></TABLE></TD>'


def _line(style: str, colour: str) -> str:
    """A piece of line: the border between two halves of a cell."""
    upper = f'<TD BORDER="2" SIDES="B" STYLE="{style.upper()}" COLOR="{colour}" WIDTH="26" HEIGHT="6"></TD>'
    rows = f'<TR>{upper}</TR><TR><TD BORDER="0" HEIGHT="6"></TD></TR>'
    return f'<TD><TABLE BORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE></TD>'


def _html(*lines: str) -> str:
    return f"<{'<BR/>'.join(lines)}>"


def _bold(text: str) -> str:
    return f"<B>{_text(text)}</B>"


def _red(text: str) -> str:
    return f'<FONT COLOR="{WRONG}">{_text(text)}</FONT>'


def _text(text: str) -> str:
    """Text that may stand in markup: kinds and activations are free words in a broken graph."""
    return (
        escape("".join(letter if letter.isprintable() or letter == NO_BREAK else "\ufffd" for letter in text))
        or "&#160;"
    )
