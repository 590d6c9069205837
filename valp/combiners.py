"""How the data units that meet at a component become one (002, III-C1).

A combiner is one row of `COMBINERS`: the size of its result. What it does to numbers is one operation of the
plan; the type of the result is the same for all combiners and stands in `merged_type`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from valp.graph import DataType


@dataclass(frozen=True)
class Combiner:
    """A combiner f.

    Attributes:
        code: its name in a graph.
        sign: the sign the paper gives it.
        size: the size of the result, from the sizes of the units it merges.
    """

    code: str
    sign: str
    size: Callable[[Sequence[int]], int]


COMBINERS = {
    combiner.code: combiner
    for combiner in (
        Combiner("concatenation", "ζ", sum),
        Combiner("addition", "Λ", min),  # cut to the shortest
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
