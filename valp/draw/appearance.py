"""What pictures of graphs look like: colours of types, lines of roles, shapes and fills of components.

The colour of a line shows the type of data; the shape and fill of a node show its kind. A kind's row has its look.
"""

from itertools import cycle

from valp.graph.graph import DataType, Role
from valp.parts.kinds import KINDS
from valp.parts.look import Look

FONT = "Helvetica,Arial,sans-serif"
TEXT, FAINT, WRONG = "#222222", "#666666", "#C00000"

# Okabe and Ito's colours (2008), which colour-blind readers can tell apart; the fills of kinds are light tints of them.
TYPE_COLOURS = {
    DataType.NUMERIC: "#0072B2",  # blue
    DataType.DISCRETE: "#D55E00",  # vermillion
    DataType.SAMPLES: "#009E73",  # bluish green
    DataType.FEATURES: "#CC79A7",  # reddish purple
}
OWN_TYPE_COLOUR = "#B8860B"
"""The colour of all types that users add."""

ROLE_LINES = {
    Role.DATA: ("solid", "data"),
    Role.LATENT: ("dotted", "latent: μ and log σ² of z; cut when generating"),
    Role.CONDITION: ("dashed", "condition: kept when generating"),
}
"""The style of an arrow and its text in the legend, by role."""

INPUT_LOOK = Look("ellipse", "#FFFFFF")
OUTPUT_LOOK = Look("box", "#FFFFFF")
UNKNOWN_LOOK = Look("box", "#FFFFFF", "filled,dashed")
DEFAULT_LOOKS = (
    Look("component", "#E9EDE0", margin="0.2,0.08"),
    Look("cylinder", "#E6E6FA", margin="0.2,0.08"),
    Look("parallelogram", "#E0F0F0", margin="0.02,0.02"),
    Look("septagon", "#FBE3DA", margin="0.02,0.02"),
)
"""For kinds without a look of their own, in the order of `KINDS`."""


def look_of(kind: str) -> Look:
    """The look of a kind of network: its own, else one of `DEFAULT_LOOKS`; `UNKNOWN_LOOK` for an unknown code."""
    row = KINDS.get(kind)
    if row is not None and row.look is not None:
        return row.look
    plain = (code for code, other in KINDS.items() if other.look is None)
    return dict(zip(plain, cycle(DEFAULT_LOOKS), strict=False)).get(kind, UNKNOWN_LOOK)


def colour_of(unit_type: DataType | str) -> str:
    """The colour of the lines of a data type."""
    return TYPE_COLOURS[unit_type] if isinstance(unit_type, DataType) else OWN_TYPE_COLOUR
