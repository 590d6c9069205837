"""How a kind of network looks in pictures."""

import re
from dataclasses import dataclass

from valp.errors import SettingError


@dataclass(frozen=True)
class Look:
    """The shape and fill of a node in a picture. The colour of its outline says its data type and is not chosen here.

    Attributes:
        shape: a node shape of Graphviz.
        fill: `#rrggbb`, a light tint on which dark text is readable.
        style: Graphviz's styles, separated by commas; `filled` is one of them.
        margin: Graphviz's space around the text, in inches: "width,height".

    Raises:
        SettingError: if `fill` is not such a colour.
    """

    shape: str
    fill: str
    style: str = "filled"
    margin: str = "0.12,0.06"

    def __post_init__(self) -> None:
        if not re.fullmatch("#[0-9a-fA-F]{6}", self.fill):
            raise SettingError(f"the fill of a look must be a colour #rrggbb, but got {self.fill!r}")
