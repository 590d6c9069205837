"""c: the Convolutional network."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from valp.graph.graph import Convolution, DataType, DataUnit, PrimaryNetwork, Role
from valp.parts.design import Design, Designer, Ranges, Sides, Wish, routes
from valp.parts.kinds.kind import Kind
from valp.parts.look import Look
from valp.parts.lowering import Lowering
from valp.parts.own_types import like
from valp.parts.shapes import Arrival, Shape, shapes_through

LEAST_POOLED = 4
"""Shorter sides are not pooled."""

ALWAYS_POOLED = 8
"""Sides of at least this length are pooled in every layer, to keep the dense layers that read the result small."""


class Convolutional(Kind):
    """Features to Features by convolutions and pooling only (Garciarena et al., III-B).

    Units that meet are merged channel by channel, so they must have one spatial size. All layers are explicit: the
    output has the shape that the last one makes.
    """

    code, title, sign = "c", "Convolutional network", "c"
    look = Look("folder", "#F6E3EE", margin="0.12,0.1")
    takes: ClassVar = {Role.DATA: frozenset({DataType.FEATURES})}
    layer = Convolution
    fewest_layers = 1
    last_layer = False
    layers_together = True
    by_shape = True

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Features."""
        return frozenset({DataType.FEATURES})

    def shape(self, network: PrimaryNetwork, arriving: Arrival) -> Shape:
        """See `Kind`."""
        return shapes_through(arriving.shape, network.layers)[-1]

    def widths(self, ranges: Ranges) -> tuple[int, int]:
        """The range of channels."""
        return ranges.channels

    def serves(self, wanted: DataType | str, wish: Wish, given: Sequence[Sides], others: Collection[Kind]) -> bool:  # noqa: ARG002
        """Features whose spatial size results from halving that of a model input, any number of times."""
        return like(wanted) is DataType.FEATURES and bool(routes(wish, given, halving=True))

    def design(self, made: DataType | str, wish: Wish, designer: Designer) -> Design:
        """Layers that keep the sides, or halve them by pooling as often as the wish asks."""
        ranges = designer.ranges
        sides, halvings = designer.category("reads", routes(wish, designer.given, halving=True))
        reads = sides
        count = max(designer.integer("layers", *ranges.convolutions), halvings)
        activation = designer.category("activation", ranges.activations)
        normalise = designer.normalise()
        layers: list[Convolution] = []
        for i in range(count):
            if halvings < 0:
                pooled = min(sides) >= ALWAYS_POOLED or (min(sides) >= LEAST_POOLED and designer.flag(f"pool.{i}", 0.5))
            else:
                pooled = i < halvings
            last = i == count - 1 and wish.unit is not None
            channels = designer.integer(f"channels.{i}", *ranges.channels, log_scale=True)
            half = designer.category(f"kernel.{i}", ranges.kernels) // 2
            layers.append(
                Convolution(
                    channels=wish.unit.shape[0] if last and wish.unit is not None else channels,
                    kernel=(2 * half + 1,) * len(sides),
                    stride=(1,) * len(sides),
                    padding=(half,) * len(sides),
                    pool=(2 if pooled else 1,) * len(sides),
                    activation="identity" if last else activation,
                    initializer=designer.category(f"layer_initializer.{i}", ranges.initializers),
                    normalise=normalise and not last,
                )
            )
            sides = tuple(side // 2 for side in sides) if pooled else sides
        return Design(DataUnit(type=made, shape=(layers[-1].channels, *sides)), tuple(layers), reads)

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Merges the inputs, then applies the layers."""
        source, _ = lowering.merged(network)
        lowering.stack(network, source, lowering.arriving(network).shape, ends=True)
