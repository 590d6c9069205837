"""The recurrent layer."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from valp.graph.layers.layer import Layer, Site
from valp.graph.shape import MisfitError, Shape, text
from valp.plan.operation import Operation, Recur


class Recurrent(Layer):
    """A recurrent layer: C channels at each of T steps become `units` at each.

    Attributes:
        units: the size of its state.
        cell: a gated recurrent unit (Cho et al. 2014) or a long short-term memory (Hochreiter & Schmidhuber 1997).
        initializer, normalise: as in `Dense`.
    """

    width: ClassVar = "units"

    form: Literal["recurrent"] = "recurrent"
    units: PositiveInt
    cell: Literal["gru", "lstm"] = "gru"
    initializer: str = "xavier"
    normalise: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """See `Layer`; (C, T) to (units, T)."""
        _, steps = _sequence(shape)
        return self.units, steps

    def operation(self, site: Site) -> Operation:
        """See `Layer`."""
        words = (self.units, self.cell, self.initializer, self.normalise)
        return Recur(site.out, site.source, site.key, _sequence(site.shape), *words)

    def style_text(self) -> str:
        """See `Layer`; the cell already shows the form."""
        return self.cell + self.normalised_text()


def _sequence(shape: Shape) -> tuple[int, int]:
    """Channels and steps."""
    if len(shape) != 2:
        raise MisfitError(f"{text(shape)} where a sequence (C, T) is read")
    return shape[0], shape[1]
