"""The colours of kinds and types on the page: those of `valp.draw`, and for the dark theme darker fills, lighter lines.

Each colour is a CSS variable, so that drawings follow the theme of the page.
"""

from colorsys import hls_to_rgb, rgb_to_hls
from typing import NamedTuple

from valp.draw.appearance import colour_of, look_of
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


def fill_of(kind: str) -> PageColour:
    """The fill colour of networks of a kind."""
    light = look_of(kind).fill
    hue, _, saturation = _hls(light)
    return PageColour(f"fill-{light[1:].lower()}", light, _hex(hue, DARK_FILL, saturation * FILL_SATURATION))


def line_of(unit_type: DataType | str) -> PageColour:
    """The line colour of components that produce a type."""
    light = colour_of(unit_type)
    hue, lightness, saturation = _hls(light)
    dark = _hex(hue, max(lightness, LIGHT_LINE), saturation * LINE_SATURATION)
    return PageColour(f"line-{light[1:].lower()}", light, dark)


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return rgb_to_hls(red, green, blue)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in hls_to_rgb(hue, lightness, saturation))
