"""g: the Generic MLP."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from valp.graph.graph import DataType, PrimaryNetwork, Role
from valp.parts.design import Sides, Wish
from valp.parts.kinds.kind import ANY, Kind
from valp.parts.look import Look
from valp.parts.lowering import Lowering
from valp.parts.own_types import like


class GenericMLP(Kind):
    """An MLP from anything to Numeric, or to Samples if it receives Samples, with a linear last layer.

    Latent connections start from it. It also converts any type to Numeric for networks that need it.
    """

    code, title, sign = "g", "Generic MLP", "g"
    look = Look("box", "#EEF1F4", "rounded,filled")
    takes: ClassVar = {Role.DATA: ANY}
    encodes = True

    def produces(self, merged: DataType) -> frozenset[DataType]:
        """Numeric; also Samples if `merged` is Samples."""
        extra = {DataType.SAMPLES} if merged is DataType.SAMPLES else set()
        return frozenset({DataType.NUMERIC} | extra)

    def serves(self, wanted: DataType | str, wish: Wish, given: Sequence[Sides], others: Collection[Kind]) -> bool:  # noqa: ARG002
        """Numeric always; Samples if another kind can make the Samples that this one reads."""
        if wanted is DataType.SAMPLES:
            inside = Wish(Role.DATA)
            return any(other.serves(wanted, inside, given, ()) for other in others)
        return like(wanted) is DataType.NUMERIC

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Merges the inputs, then applies the layers."""
        lowering.dense(network, lowering.merged(network), network.name)
