"""δ: the Discretizer."""

from typing import ClassVar

from valp.graph.graph import DataType, PrimaryNetwork, Role
from valp.parts.kinds.kind import ANY, Kind
from valp.parts.look import Look
from valp.parts.lowering import Lowering
from valp.plan.operation import Normalise


class Discretizer(Kind):
    """An MLP from anything to Discrete, with a softmax at its end.

    Networks read its probabilities. A Discrete output reads its logits and normalises them once.
    """

    code, title, sign = "delta", "Discretizer", "δ"
    look = Look("box", "#FBEBC8", "diagonals,filled", "0.2,0.06")
    takes: ClassVar = {Role.DATA: ANY}

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Discrete."""
        return frozenset({DataType.DISCRETE})

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Merges the inputs, then applies the layers and the softmax."""
        logits = lowering.dense(network, lowering.merged(network), f"{network.name}.logits")
        lowering.logits[network.name] = logits
        lowering.add(Normalise(network.name, logits, "softmax"))
