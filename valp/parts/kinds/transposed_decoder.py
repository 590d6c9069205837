"""t: the Transposed-convolutional decoder."""

from collections.abc import Collection, Sequence
from math import prod
from typing import ClassVar

from valp.graph.graph import DataType, DataUnit, PrimaryNetwork, Role, TransposedConvolution
from valp.parts.design import Design, Designer, Ranges, Sides, Wish
from valp.parts.kinds.kind import Kind
from valp.parts.look import Look
from valp.parts.lowering import Lowering
from valp.parts.own_types import like
from valp.parts.shapes import Arrival, Shape, shapes_through

MOST_DOUBLINGS = 2
"""The maximum number of layers that double the sides of an image."""


class TransposedDecoder(Kind):
    """Numeric or Features, optionally with Discrete, to Samples by transposed convolutions only.

    From Garciarena et al., III-B. Features that meet only Features of the same spatial size keep it. Anything else is
    read as a vector of k variables: k channels of one pixel. All layers are explicit, and the last one makes as many
    variables as the output has. It learns a distribution only if its input is random: after a Bottleneck it is a
    generator.
    """

    code, title, sign = "t", "Transposed-convolutional decoder", "t"
    look = Look("tab", "#E3F3EC", margin="0.12,0.1")
    takes: ClassVar = {Role.DATA: frozenset({DataType.NUMERIC, DataType.FEATURES, DataType.DISCRETE})}
    needs_sampled = True
    needs = frozenset({DataType.NUMERIC, DataType.FEATURES})
    layer = TransposedConvolution
    fewest_layers = 1
    last_layer = False
    layers_together = True

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Samples."""
        return frozenset({DataType.SAMPLES})

    def shape(self, network: PrimaryNetwork, arriving: Arrival) -> Shape:
        """See `Kind`; the result is flat, as Samples are."""
        return (prod(shapes_through(_pixel(network, arriving.shape), network.layers)[-1]),)

    def widths(self, ranges: Ranges) -> None:
        """None, because the widths halve from layer to layer."""

    def serves(self, wanted: DataType | str, wish: Wish, given: Sequence[Sides], others: Collection[Kind]) -> bool:  # noqa: ARG002
        """Samples that are images, if the space has a kind that only samples."""
        able = wish.image is not None and any(other.only_samples for other in others)
        return able and like(wanted) is DataType.SAMPLES

    def design(self, made: DataType | str, wish: Wish, designer: Designer) -> Design:
        """One layer turns one pixel into a map, which further layers double. Odd sides get a 3×3 layer instead."""
        if wish.image is None:
            raise AssertionError("a transposed decoder is only made for pictures")
        pixels, *shape = wish.image
        doublings = 0
        while doublings < MOST_DOUBLINGS and all(side % 2 ** (doublings + 1) == 0 for side in shape):
            doublings += 1
        first = tuple(side // 2**doublings for side in shape)
        activation = designer.category("activation", designer.ranges.activations)
        normalise = designer.normalise()
        channels = designer.integer("channels", *designer.ranges.channels, log_scale=True)
        ones, nothing, words = (1, 1), (0, 0), {"activation": activation, "normalise": normalise}
        layers = [TransposedConvolution(channels=2 * channels, kernel=first, stride=ones, padding=nothing, **words)]
        for i in range(doublings):
            layers.append(TransposedConvolution(channels=max(1, channels >> i), **words))
        if not doublings:
            layers.append(TransposedConvolution(channels=channels, kernel=(3, 3), stride=ones, padding=ones, **words))
        last = {"channels": pixels, "activation": "identity", "normalise": False}
        layers[-1] = layers[-1].model_copy(update=last)
        return Design(DataUnit(type=made, shape=(pixels * shape[0] * shape[1],)), tuple(layers))

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Merges the inputs, then applies the layers."""
        source, _ = lowering.merged(network)
        lowering.stack(network, source, _pixel(network, lowering.arriving(network).shape), ends=True)


def _pixel(network: PrimaryNetwork, shape: Shape) -> Shape:
    """A vector as channels of one pixel, in as many dimensions as the first layer has."""
    layers = _layers(network)
    return shape if len(shape) > 1 or not layers else (*shape, *(1,) * len(layers[0].kernel))


def _layers(network: PrimaryNetwork) -> list[TransposedConvolution]:
    return [layer for layer in network.layers if isinstance(layer, TransposedConvolution)]
