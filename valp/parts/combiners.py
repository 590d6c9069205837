"""The combiners, which merge the data units that meet at a component (Garciarena et al., III-C1).

A combiner is one row of `COMBINERS`. The type of the result is the same for all combiners; see `merged_type`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from valp.graph.graph import DataType
from valp.graph.plugin_table import PluginTable
from valp.parts.own_types import like
from valp.plan.operation import Combine, Concatenate, Gate, Operation


@dataclass(frozen=True)
class Combiner:
    """A combiner f.

    Attributes:
        code: its name in a graph.
        sign: its sign in Garciarena et al., or a common one.
        size: the size of the result, from the sizes of the units it merges. Features of one spatial size remain
            Features if the size is a multiple of that.
        operation: makes the operation that merges, from the buffer to fill, the buffers to read and the result's size.
        elementwise: whether it merges variable by variable. Then the order of the units does not matter, and they are
            cut to the shortest.
    """

    code: str
    sign: str
    size: Callable[[Sequence[int]], int]
    operation: Callable[[str, tuple[str, ...], int], Operation]
    elementwise: bool


def _elementwise(code: str, sign: str, function: Literal["sum", "mean", "product"]) -> Combiner:
    return Combiner(code, sign, min, lambda out, sources, size: Combine(out, sources, size, function), True)


_BUILT_IN = (
    Combiner("concatenation", "ζ", sum, lambda out, sources, _: Concatenate(out, sources), False),
    _elementwise("addition", "Λ", "sum"),
    _elementwise("mean", "μ", "mean"),
    _elementwise("product", "⊙", "product"),
    # The gates of two units start equal, so the order in which they arrive does not matter.
    Combiner("gated_sum", "Γ", min, lambda out, sources, size: Gate(out, sources, size), True),
)

COMBINERS = PluginTable("valp.combiners", Combiner, _BUILT_IN)


def merged_type(types: Sequence[DataType | str]) -> DataType | str:
    """The type of units merged by any combiner (Garciarena et al., III-C1).

    A type that is alone stays. Otherwise the result is Samples if any unit is Samples, else Numeric if any is Numeric.
    Discrete with Features, which the paper leaves open, becomes Numeric. A user's own type counts as the type that it
    is like.
    """
    if len(set(types)) == 1:
        return types[0]
    present = {like(found) for found in types}
    if DataType.SAMPLES in present:
        return DataType.SAMPLES
    return next(iter(present)) or DataType.NUMERIC if len(present) == 1 else DataType.NUMERIC
