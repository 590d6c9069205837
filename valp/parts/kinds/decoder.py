"""d: the Decoder."""

from typing import ClassVar

from valp.graph.graph import DataType, PrimaryNetwork, Role
from valp.parts.kinds.kind import Kind
from valp.parts.look import Look
from valp.parts.lowering import Lowering


class Decoder(Kind):
    """An MLP from latent connections and conditions to Samples. Each latent connection is sampled, then all are merged.

    A latent connection of 2k variables is (μ, log σ²) in two halves; an odd last variable is dropped. A condition is
    used unchanged, also when the model generates. Discrete units can only be conditions.
    """

    code, title, sign = "d", "Decoder", "d"
    look = Look("box3d", "#DDF0FB", margin="0.15,0.1")
    takes: ClassVar = {
        Role.LATENT: frozenset({DataType.NUMERIC, DataType.FEATURES}),
        Role.CONDITION: frozenset({DataType.NUMERIC, DataType.FEATURES, DataType.DISCRETE}),
    }
    needs_latent = True

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Samples."""
        return frozenset({DataType.SAMPLES})

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Samples the latent connections, merges the inputs, then applies the layers."""
        lowering.dense(network, lowering.merged(network), network.name)
