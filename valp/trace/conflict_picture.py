"""The picture of a graph with the conflicts of its losses: a matrix of angles in each network that losses share."""

from pathlib import Path

from valp.draw.draw import draw, draw_svg
from valp.draw.legend import entry, filled
from valp.draw.marks import Marks
from valp.draw.markup import plain
from valp.parts.losses import KL
from valp.trace.trace import Conflict, Trace

CELL_TEXT = "#111111"
"""The text in a cell. All fills of cells are light."""

LEVELS = (
    (60.0, "#6BAED6", "below 60°: they pull the same way"),
    (85.0, "#C6DBEF", "60° to 85°"),
    (95.0, "#F2F2F2", "85° to 95°: neither helps nor hinders the other"),
    (120.0, "#FDD0A2", "95° to 120°"),
    (181.0, "#F8964B", "120° and more: they pull against each other"),
)
"""The upper ends of the levels of an angle, in degrees, with their fills and what they mean. Blue and orange differ to
colour-blind readers as well, and each cell has its number."""

TOPIC = "mean angle between the gradients of two losses"


def draw_conflicts(trace: Trace, path: Path | str, *, title: str | None = None) -> Path:
    """Writes the picture of a graph with the conflicts of its losses.

    Each network that several losses reach has a matrix: the mean angle between the gradients of each two of them, in
    degrees, over the recorded steps.

    Args:
        trace: the trace.
        path: where the picture is written; the suffix must be `.svg` or `.png`.
        title: a line above the picture.

    Raises:
        SettingError: for another suffix.
        FileError: if the file cannot be written.
    """
    return draw(trace.graph, path, title=title, marks=conflict_marks(trace))


def conflicts_svg(trace: Trace) -> str:
    """The same picture as an SVG document, without a legend."""
    return draw_svg(trace.graph, legend=False, marks=conflict_marks(trace))


def conflict_marks(trace: Trace) -> Marks:
    """The matrices of the networks, and the legend of losses and angles."""
    found: dict[str, list[Conflict]] = {name: [] for name in trace.networks}
    for conflict in trace.conflicts:
        found[conflict.network].append(conflict)
    below = {}
    for n, name in enumerate(trace.networks):
        reaching = [i for i in range(len(trace.losses)) if (trace.network_norms[:, n, i] >= 0).any()]
        if found[name]:
            below[name] = _matrix(found[name])
        elif reaching:
            below[name] = f'<FONT POINT-SIZE="11">only <B>{", ".join(map(letter, reaching))}</B></FONT>'
    losses = [entry(f"<TD><B>{letter(i)}</B></TD>", loss_text(name)) for i, name in enumerate(trace.losses)]
    angles = [entry(filled(fill), text) for _, fill, text in LEVELS]
    return Marks(below, {"losses": losses, TOPIC: angles})


def letter(loss: int) -> str:
    """The letter of a loss in pictures: A, B, … Z, then A2, B2, …"""
    return chr(ord("A") + loss % 26) + (str(loss // 26 + 1) if loss >= 26 else "")


def loss_text(name: str) -> str:
    """The name of a loss as text: `mse of price`, `KL of net2`."""
    kind, _, rest = name.partition(":")
    return f"{'KL' if kind == KL else kind} of {rest.replace(':', ' to ')}"


def fill_of_angle(angle: float) -> str:
    """The fill of an angle in degrees."""
    return next(fill for end, fill, _ in LEVELS if angle < end)


def _matrix(conflicts: list[Conflict]) -> str:
    """The lower triangle of the matrix of angles, with a letter for each row and column."""
    angles = {conflict.losses: conflict.angle for conflict in conflicts}
    rows = sorted({j for _, j in angles})
    columns = sorted({i for i, _ in angles})
    head = "".join(["<TD></TD>", *map(_letter, columns)])
    lines = [
        "".join([_letter(j), *(_cell(angles[i, j]) if (i, j) in angles else "<TD></TD>" for i in columns)])
        for j in rows
    ]
    body = "".join(f"<TR>{line}</TR>" for line in (head, *lines))
    return f'<FONT POINT-SIZE="11"><TABLE BORDER="0" CELLSPACING="2" CELLPADDING="1">{body}</TABLE></FONT>'


def _letter(loss: int) -> str:
    return f'<TD BGCOLOR="white"><B>{letter(loss)}</B></TD>'


def _cell(angle: float) -> str:
    text = plain(f"{angle:.0f}°")
    return f'<TD BGCOLOR="{fill_of_angle(angle)}" WIDTH="32"><FONT COLOR="{CELL_TEXT}">{text}</FONT></TD>'
