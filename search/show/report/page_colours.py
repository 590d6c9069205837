"""The colours of kinds and types on the page: those of `valp.draw`, and for dark pages darker fills and lighter lines.

In the page a colour is a CSS variable, so that drawings follow its theme.
"""

import re
from colorsys import hls_to_rgb, rgb_to_hls
from typing import NamedTuple

from PIL import ImageColor

from valp.draw.draw import OWN_TYPE_COLOUR, TYPE_COLOURS, Look, look_of
from valp.graph.graph import DataType

DARK_FILL, FILL_SATURATION = 0.2, 0.5
"""The lightness of a fill on a dark page, and how much of its saturation is kept."""

LIGHT_LINE, LINE_SATURATION = 0.62, 0.6
"""The least lightness of a line on a dark page, and how much of its saturation is kept."""


class PageColour(NamedTuple):
    """A colour: the name of its CSS variable, and its values on light and dark pages."""

    name: str
    light: str
    dark: str

    @property
    def variable(self) -> str:
        """The colour in CSS."""
        return f"var(--{self.name})"


def kind_look(kind: str) -> Look:
    """The look of a kind of network."""
    return look_of(kind)


def fill_of(kind: str) -> PageColour:
    """What fills networks of a kind."""
    light = kind_look(kind).fill
    hue, _, saturation = _hls(light)
    return PageColour(f"fill-{_word(light)}", light, _hex(hue, DARK_FILL, saturation * FILL_SATURATION))


def line_of(unit_type: DataType | str) -> PageColour:
    """The lines of what produces a type."""
    light = TYPE_COLOURS[unit_type] if isinstance(unit_type, DataType) else OWN_TYPE_COLOUR
    hue, lightness, saturation = _hls(light)
    dark = _hex(hue, max(lightness, LIGHT_LINE), saturation * LINE_SATURATION)
    return PageColour(f"line-{_word(light)}", light, dark)


def _word(colour: str) -> str:
    return re.sub(r"\W", "", colour.lower())


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return rgb_to_hls(red / 255, green / 255, blue / 255)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in hls_to_rgb(hue, lightness, saturation))
