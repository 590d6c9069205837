"""How the data units that meet at a component become one (002, III-C1).

A combiner is one row of `COMBINERS`. The type of the result is the same for all and stands in `merged_type`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from valp.graph import DataType
from valp.plan import Combine, Concatenate, Operation


@dataclass(frozen=True)
class Combiner:
    """A combiner f.

    Attributes:
        code: its name in a graph.
        sign: the sign the paper gives it, or a customary one.
        size: the size of the result, from the sizes of the units it merges.
        operation: the operation that merges: the buffer to fill, the buffers to read, the size of the result.
        elementwise: whether it merges variable by variable; the order of the units is then indifferent, and they are
            cut to the shortest.
    """

    code: str
    sign: str
    size: Callable[[Sequence[int]], int]
    operation: Callable[[str, tuple[str, ...], int], Operation]
    elementwise: bool


def _elementwise(code: str, sign: str, function: Literal["sum", "mean", "product"]) -> Combiner:
    return Combiner(code, sign, min, lambda out, sources, size: Combine(out, sources, size, function), True)


COMBINERS = {
    combiner.code: combiner
    for combiner in (
        Combiner("concatenation", "ζ", sum, lambda out, sources, _: Concatenate(out, sources), False),
        _elementwise("addition", "Λ", "sum"),
        _elementwise("mean", "μ", "mean"),
        _elementwise("product", "⊙", "product"),
    )
}


def merged_type(types: Sequence[DataType]) -> DataType:
    """The type of units merged by any combiner (002, III-C1); one unit passes unchanged.

    Samples if any is Samples, else Numeric if any is Numeric, else Discrete or Features if all are. Discrete
    with Features, which the paper leaves open, counts as Numeric.
    """
    present = set(types)
    for winner in (DataType.SAMPLES, DataType.NUMERIC):
        if winner in present:
            return winner
    return types[0] if len(present) == 1 else DataType.NUMERIC
