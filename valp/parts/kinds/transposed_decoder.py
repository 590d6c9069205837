"""t: the Transposed-convolutional decoder."""

from math import prod
from typing import ClassVar

from valp.graph.graph import DataType, PrimaryNetwork, Role, TransposedConvolution
from valp.parts.kinds.kind import Kind
from valp.parts.lowering import Lowering
from valp.parts.shapes import Arrival, Shape, shapes_through


class TransposedDecoder(Kind):
    """Numeric or Features, and Discrete beside them, to Samples by transposed convolutions alone (002, III-B).

    Features that meet only Features of their spatial size keep it; anything else is read as a vector of k variables:
    k channels of one pixel. All layers are explicit, and the last one makes as many variables as the output has. What
    it samples, it samples from: a Bottleneck before it makes it a generator.
    """

    code, title, sign = "t", "Transposed-convolutional decoder", "t"
    takes: ClassVar = {Role.DATA: frozenset({DataType.NUMERIC, DataType.FEATURES, DataType.DISCRETE})}
    needs = frozenset({DataType.NUMERIC, DataType.FEATURES})
    layer = TransposedConvolution
    fewest_layers = 1
    last_layer = False

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Samples."""
        return frozenset({DataType.SAMPLES})

    def shape(self, network: PrimaryNetwork, arriving: Arrival) -> Shape:
        """See `Kind`; the result is flat, as Samples are."""
        return (prod(shapes_through(_pixel(network, arriving.shape), network.layers)[-1]),)

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Merges, then the layers."""
        source, _ = lowering.merged(network)
        lowering.stack(network, source, _pixel(network, lowering.arriving(network).shape), ends=True)


def _pixel(network: PrimaryNetwork, shape: Shape) -> Shape:
    """A vector as channels of one pixel, in as many dimensions as the first layer has."""
    layers = _layers(network)
    return shape if len(shape) > 1 or not layers else (*shape, *(1,) * len(layers[0].kernel))


def _layers(network: PrimaryNetwork) -> list[TransposedConvolution]:
    return [layer for layer in network.layers if isinstance(layer, TransposedConvolution)]
