"""Pictures of graphs, laid out by Graphviz. Invalid graphs are drawn as well, with the errors in red."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from valp.draw.appearance import FONT, INPUT_LOOK, OUTPUT_LOOK, ROLE_LINES, TEXT, WRONG, colour_of, look_of
from valp.draw.fonts import GRAPHVIZ, fonts_loaded
from valp.draw.layer_text import layers_text
from valp.draw.legend import legend_markup
from valp.draw.marks import Marks
from valp.draw.markup import above_table, bold, lines_markup, plain, red
from valp.draw.picture_size import LargeGraphError, require_drawable
from valp.errors import SettingError
from valp.files import write_bytes
from valp.graph.graph import Connection, DataUnit, Graph, Input, Output, PrimaryNetwork, Role, unit_of
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.losses import KL, LOSSES

FORMATS = {".svg": "svg", ".png": "png"}
LINE_LENGTH = 28
"""The maximum length of a line of layers. Wider nodes would widen the whole picture."""

BOARD = {"rankdir": "TB", "fontname": FONT, "fontsize": "12", "fontcolor": TEXT, "labelloc": "b", "pad": "0.2",
         "nodesep": "0.35", "ranksep": "0.45", "bgcolor": "white"}  # fmt: skip
NODE = {"fontname": FONT, "fontsize": "12", "fontcolor": TEXT, "penwidth": "2"}
UNMARKED = Marks()
EDGE = {"fontname": FONT, "fontsize": "11", "fontcolor": TEXT, "penwidth": "1.6", "arrowsize": "0.8"}


def draw(graph: Graph, path: Path | str, *, title: str | None = None, marks: Marks = UNMARKED) -> Path:
    """Writes a picture of a graph.

    Names that no component has and unknown kinds are drawn in red.

    Args:
        graph: the graph; it may break rules.
        path: where the picture is written; the suffix must be `.svg` or `.png`.
        title: a line above the picture.
        marks: what it shows besides the graph.

    Returns:
        The path.

    Raises:
        SettingError: for another suffix, or if the graph is too large for a picture.
        FileError: if the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise SettingError(f"a picture's suffix must be {' or '.join(FORMATS)}, but got {path.name!r}")
    require_drawable(graph)
    write_bytes(path, _rendered(graph, title, FORMATS[path.suffix.lower()], marks))
    return path


def draw_svg(graph: Graph, *, title: str | None = None, legend: bool = True, marks: Marks = UNMARKED) -> str:
    """The picture of a graph as an SVG document, with or without a legend below; `marks` as in `draw`.

    The picture of a graph that is too large has a sentence that says so in its place.
    """
    return _rendered(graph, title, "svg", marks, legend).decode()


def _rendered(graph: Graph, title: str | None, kind: str, marks: Marks, legend: bool = True) -> bytes:
    with GRAPHVIZ:
        fonts_loaded()
        try:
            require_drawable(graph)
            board = _picture(graph, title, marks, legend)
        except LargeGraphError as error:
            board = _sentence(str(error))
        picture: bytes = board.draw(format=kind, prog="dot")
    return picture


def _sentence(text: str) -> Any:
    """A picture that is only a sentence."""
    import pygraphviz

    picture = pygraphviz.AGraph()
    picture.graph_attr.update(BOARD)
    lines = [plain(line) for line in wrap(text, 3 * LINE_LENGTH)]
    picture.add_node("too large", label=lines_markup(*lines), shape="plain", **{**NODE, "fontcolor": WRONG})
    return picture


def _picture(graph: Graph, title: str | None, marks: Marks, legend: bool) -> Any:
    import pygraphviz

    picture = pygraphviz.AGraph(strict=False, directed=True)
    picture.graph_attr.update(BOARD, label=legend_markup(graph, marks.legend) if legend else "")
    picture.node_attr.update(NODE)
    picture.edge_attr.update(EDGE)
    # Graphviz gives a graph only one label, which is the legend. The title is the label of a box around the nodes.
    board = picture.add_subgraph(
        name="cluster_components", label=lines_markup(bold(title)) if title else "", peripheries="0"
    )
    board.graph_attr.update(labelloc="t", fontsize="16")
    seen: set[str] = set()
    for component in graph.components:
        name = component.name
        again = name in seen
        while name in seen:
            name += " again"  # no name has a space
        seen.add(name)
        _add_component(board, graph, component, name, again, marks.below.get(name))
    for name in _unknown(graph):
        label = lines_markup(bold(name), "unknown", *_judged(graph, name))
        board.add_node(name, label=label, shape="box", style="dashed", color=WRONG, fontcolor=WRONG)
    units = {component.name: unit_of(component) for component in reversed(graph.components)}
    for number, connection in enumerate(graph.connections):
        _add_connection(board, units, connection, str(number))
    return picture


def _add_component(
    board: Any,
    graph: Graph,
    component: Input | PrimaryNetwork | Output,
    identifier: str,
    again: bool,
    below: str | None,
) -> None:
    unit, head, lines = unit_of(component), bold(component.name), []
    look = INPUT_LOOK if isinstance(component, Input) else OUTPUT_LOOK
    if not isinstance(component, Input) and len(graph.incoming(component.name)) > 1:
        head += f" {_combiner(component.combiner)}"
    if isinstance(component, PrimaryNetwork):
        look = look_of(component.kind)
        lines = [plain(KINDS[component.kind].title) if component.kind in KINDS else red(f"{component.kind}?")]
        lines += [plain(line) for line in wrap(layers_text(component), LINE_LENGTH)]
    if again:
        lines.append(red("name used again"))
    lines.append(plain(f"{unit.type.title()} {'×'.join(map(str, unit.shape))}"))
    lines += [] if again else _judged(graph, component.name)
    colour = WRONG if again else colour_of(unit.type)
    board.add_node(
        identifier,
        label=above_table(below, head, *lines) if below else lines_markup(head, *lines),
        shape=look.shape,
        style=look.style,
        margin=look.margin,
        fillcolor=look.fill,
        color=colour,
    )


def _add_connection(board: Any, units: Mapping[str, DataUnit], connection: Connection, key: str) -> None:
    unit = units.get(connection.source)
    size = len(connection.indices) if connection.indices is not None else unit.size if unit else None
    label = "all" if size is None else str(size)
    if unit is not None and size != unit.size:
        label += f" of {unit.size}"
    if connection.role is Role.LATENT and size is not None:
        label += f" → z {size // 2}"
    known = unit is not None and connection.target in units
    colour = colour_of(unit.type) if unit is not None and known else WRONG
    style, _ = ROLE_LINES[connection.role]
    board.add_edge(connection.source, connection.target, key=key, label=f" {label} ", style=style, color=colour)


def _unknown(graph: Graph) -> list[str]:
    """The names that connections or losses mention but no component has, each once."""
    known = {component.name for component in graph.components}
    mentioned = [end for c in graph.connections for end in (c.source, c.target)]
    mentioned += [name for loss in graph.losses for name in (loss.prediction, loss.truth) if name is not None]
    return [name for name in dict.fromkeys(mentioned) if name not in known]


def _judged(graph: Graph, name: str) -> list[str]:
    """The losses that judge a component, with their β; an unknown one in red."""
    lines = []
    for loss in graph.losses:
        if loss.prediction == name:
            against = f" to {loss.truth}" if loss.truth not in (None, name) else ""
            line = f"β {loss.beta:.3g} · {loss.kind}{against}"
            known = loss.kind == KL or loss.kind in LOSSES
            lines.append(f"<I>{plain(line)}</I>" if known else red(f"{line}?"))
    return lines


def _combiner(code: str) -> str:
    return plain(COMBINERS[code].sign) if code in COMBINERS else red(f"{code}?")
