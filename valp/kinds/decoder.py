"""d: the Decoder."""

from typing import ClassVar

from valp.graph import Connection, DataType, PrimaryNetwork, Role
from valp.kinds.base import Kind
from valp.lowering import Buffer, Lowering
from valp.plan import Sample


class Decoder(Kind):
    """Latent connections, each sampled by itself, and conditions, merged, to Samples by an MLP.

    A latent connection of 2k variables is (μ, log σ²) in two halves; an odd last variable is dropped. A
    condition enters as it is and stays when the model generates. Discrete units enter as conditions only.
    """

    code, title, sign = "d", "Decoder", "d"
    takes: ClassVar = {
        Role.LATENT: frozenset({DataType.NUMERIC, DataType.FEATURES}),
        Role.CONDITION: frozenset({DataType.NUMERIC, DataType.FEATURES, DataType.DISCRETE}),
    }
    needs_latent = True

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Samples."""
        return frozenset({DataType.SAMPLES})

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Samples the latent connections, merges, then the layers."""
        arrivals = [_arrival(c, lowering) for c in lowering.graph.incoming(network.name)]
        lowering.dense(network, lowering.merge(network.combiner, arrivals, f"{network.name}.in"), network.name)


def _arrival(connection: Connection, lowering: Lowering) -> Buffer:
    buffer, size = lowering.transported(connection)
    if connection.role is not Role.LATENT:
        return buffer, size
    latent = size // 2
    lowering.noise[connection.name] = latent
    return lowering.add(Sample(f"{connection.name}.z", buffer, connection.name, latent)), latent
