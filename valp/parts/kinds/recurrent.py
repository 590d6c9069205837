"""r: the Recurrent network."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from valp.graph.graph import DataType, DataUnit, PrimaryNetwork, Recurrent, Role
from valp.parts.design import Design, Designer, Ranges, Sides, Wish, routes, sequences
from valp.parts.kinds.kind import Kind
from valp.parts.look import Look
from valp.parts.lowering import Lowering
from valp.parts.own_types import like
from valp.parts.shapes import Arrival, MisfitError, Shape, text
from valp.plan.operation import Affine, Convolve, Select


class RecurrentNetwork(Kind):
    """Recurrent layers from a sequence to Numeric or to a sequence (future work in Garciarena et al., VI-B).

    Features (C, T) are T steps of C channels; k Numeric variables are k steps of one channel. For Numeric output, a
    linear layer reads the last state. For Features (C, T), the same linear layer reads the state at every step.
    """

    code, title, sign = "r", "Recurrent network", "r"
    look = Look("note", "#FAF6D2", margin="0.2,0.08")
    takes: ClassVar = {Role.DATA: frozenset({DataType.FEATURES, DataType.NUMERIC})}
    layer = Recurrent
    fewest_layers = 1
    layers_together = True
    uniform_layers = True
    by_shape = True

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Numeric or Features."""
        return frozenset({DataType.NUMERIC, DataType.FEATURES})

    def shape(self, network: PrimaryNetwork, arriving: Arrival) -> Shape:
        """See `Kind`; a sequence keeps its length."""
        _, steps = _sequence(arriving)
        output = network.output
        return (output.shape[0], steps) if like(output.type) is DataType.FEATURES else output.shape

    def reads_sides(self, sides: Sides) -> bool:
        """Whether it is the size of a sequence."""
        return len(sides) == 1

    def widths(self, ranges: Ranges) -> tuple[int, int]:
        """Twice the range of channels."""
        return 2 * ranges.channels[0], 2 * ranges.channels[1]

    def serves(self, wanted: DataType | str, wish: Wish, given: Sequence[Sides], others: Collection[Kind]) -> bool:  # noqa: ARG002
        """Numeric, or Features of the length of a sequence that is a model input."""
        if wish.role is Role.LATENT or like(wanted) not in self.produces(DataType.NUMERIC):
            return False
        return bool(self._readable(like(wanted) is DataType.FEATURES, wish, given))

    def design(self, made: DataType | str, wish: Wish, designer: Designer) -> Design:
        """Layers that are all equal."""
        ranges, ordered = designer.ranges, like(made) is DataType.FEATURES
        steps = designer.category("reads", self._readable(ordered, wish, designer.given))
        count = designer.integer("layers", *ranges.recurrences)
        cell, normalise = designer.category("cell", ("gru", "lstm")), designer.normalise()
        initializer = designer.category("layer_initializer", ranges.initializers)
        units = designer.integer("channels", *ranges.channels, log_scale=True)
        layers = (Recurrent(units=2 * units, cell=cell, initializer=initializer, normalise=normalise),) * count
        if not ordered:
            return Design(DataUnit(type=made, shape=(designer.output_size(wish),)), layers, steps)
        channels = wish.unit.shape[0] if wish.unit is not None else units
        return Design(DataUnit(type=made, shape=(channels, *steps)), layers, steps)

    @staticmethod
    def _readable(ordered: bool, wish: Wish, given: Sequence[Sides]) -> list[Sides]:
        """The lengths of the sequences that it can read for a wish; `ordered` if it makes a sequence."""
        return sequences([sides for sides, _ in routes(wish, given, halving=False)] if ordered else given)

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Merges the inputs, then applies the recurrent layers and the linear one."""
        (source, _), (channels, steps) = lowering.merged(network), _sequence(lowering.arriving(network))
        source, (channels, _) = lowering.stack(network, source, (channels, steps), ends=False)
        key, initializer = f"{network.name}-{len(network.layers)}", network.initializer
        if like(network.output.type) is DataType.FEATURES:
            shapes = ((channels, steps), network.output.shape)
            ones = (1,)
            lowering.add(
                Convolve(
                    network.name, source, key, *shapes, ones, ones, (0,), ones, False, "identity", initializer, False
                )
            )
            return
        last = tuple(channel * steps + steps - 1 for channel in range(channels))
        state = lowering.add(Select(f"{network.name}.last", source, last))
        lowering.add(Affine(network.name, state, key, channels, network.output.size, "identity", initializer))


def _sequence(arriving: Arrival) -> tuple[int, int]:
    """Channels and steps."""
    if len(arriving.shape) == 1 and like(arriving.type) is not DataType.FEATURES:
        return 1, arriving.shape[0]
    if len(arriving.shape) != 2:
        raise MisfitError(f"layer 0: Features of {text(arriving.shape)} where a sequence (C, T) is read")
    return arriving.shape[0], arriving.shape[1]
