"""b: the Bottleneck."""

from typing import ClassVar

from valp.graph.graph import DataType, PrimaryNetwork, Role
from valp.parts.kinds.kind import Kind
from valp.parts.lowering import Lowering
from valp.parts.shapes import Arrival, Shape
from valp.plan.operation import Concatenate


class Bottleneck(Kind):
    """Latent connections to their sampled variables z ~ N(μ, σ), as Numeric; nothing is learnt (001; MT-VAEs).

    Several networks can share one z by reading the Bottleneck. When the model predicts, z is μ, or sampled where noise
    is given; when it generates, z ~ N(0, I). The output has as many variables as the combiner makes of the z's.
    """

    code, title, sign = "b", "Bottleneck", "b"
    takes: ClassVar = {Role.LATENT: frozenset({DataType.NUMERIC})}
    needs_latent = True
    layer = None
    last_layer = False

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Numeric."""
        return frozenset({DataType.NUMERIC})

    def shape(self, network: PrimaryNetwork, arriving: Arrival) -> Shape:  # noqa: ARG002 - it has no layers
        """See `Kind`."""
        return (arriving.size,)

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Samples the latent connections and merges."""
        buffer, _ = lowering.merged(network)
        lowering.add(Concatenate(network.name, (buffer,)))
