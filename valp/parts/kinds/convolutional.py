"""c: the Convolutional network."""

from typing import ClassVar

from valp.graph.graph import Convolution, DataType, PrimaryNetwork, Role
from valp.parts.kinds.kind import Kind
from valp.parts.lowering import Lowering
from valp.parts.shapes import Arrival, Shape, shapes_through


class Convolutional(Kind):
    """Features to Features by convolutions and pooling alone (002, III-B).

    Units that meet are merged channel by channel, so they must have one spatial size. All layers are explicit: the
    output has the shape that the last one makes.
    """

    code, title, sign = "c", "Convolutional network", "c"
    takes: ClassVar = {Role.DATA: frozenset({DataType.FEATURES})}
    layer = Convolution
    fewest_layers = 1
    last_layer = False

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Features."""
        return frozenset({DataType.FEATURES})

    def shape(self, network: PrimaryNetwork, arriving: Arrival) -> Shape:
        """See `Kind`."""
        return shapes_through(arriving.shape, network.layers)[-1]

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Merges, then the layers."""
        source, _ = lowering.merged(network)
        lowering.stack(network, source, lowering.arriving(network).shape, ends=True)
