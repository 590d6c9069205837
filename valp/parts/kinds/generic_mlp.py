"""g: the Generic MLP."""

from typing import ClassVar

from valp.graph.graph import DataType, PrimaryNetwork, Role
from valp.parts.kinds.kind import ANY, Kind
from valp.parts.lowering import Lowering


class GenericMLP(Kind):
    """Anything to Numeric, or to Samples if it received Samples; an MLP with the identity at its end."""

    code, title, sign = "g", "Generic MLP", "g"
    takes: ClassVar = {Role.DATA: ANY}

    def produces(self, merged: DataType) -> frozenset[DataType]:
        """Numeric; also Samples where `merged` is Samples."""
        extra = {DataType.SAMPLES} if merged is DataType.SAMPLES else set()
        return frozenset({DataType.NUMERIC} | extra)

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Merges, then the layers."""
        lowering.dense(network, lowering.merged(network), network.name)
