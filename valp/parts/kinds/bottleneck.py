"""b: the Bottleneck."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from valp.graph.graph import DataType, DataUnit, PrimaryNetwork, Role
from valp.parts.design import Design, Designer, Sides, Wish
from valp.parts.kinds.kind import Kind
from valp.parts.look import Look
from valp.parts.lowering import Lowering
from valp.parts.shapes import Arrival, Shape
from valp.plan.operation import Concatenate


class Bottleneck(Kind):
    """Samples the variables z ~ N(μ, σ) of its latent connections, as Numeric. It has no weights.

    For the information bottleneck of Qian et al. (multi-task VIB) and for multi-task VAEs. Several networks can
    share one z by reading the Bottleneck. When the model predicts, z is μ, or sampled where noise is given; when it
    generates, z ~ N(0, I). The output has as many variables as the combiner makes of the z's.
    """

    code, title, sign = "b", "Bottleneck", "b"
    look = Look("octagon", "#F1E9E1", margin="0.02,0.02")
    takes: ClassVar = {Role.LATENT: frozenset({DataType.NUMERIC})}
    needs_latent = True
    only_samples = True
    one_source = True
    reads_per_variable = 2  # μ and log σ²
    layer = None
    last_layer = False

    def produces(self, merged: DataType) -> frozenset[DataType]:  # noqa: ARG002 - the answer is always the same
        """Numeric."""
        return frozenset({DataType.NUMERIC})

    def shape(self, network: PrimaryNetwork, arriving: Arrival) -> Shape:  # noqa: ARG002 - it has no layers
        """See `Kind`."""
        return (arriving.size,)

    def serves(self, wanted: DataType | str, wish: Wish, given: Sequence[Sides], others: Collection[Kind]) -> bool:  # noqa: ARG002
        """Numeric inside the model, except as the source of a latent connection."""
        return wanted is DataType.NUMERIC and wish.unit is None and wish.role is not Role.LATENT

    def design(self, made: DataType | str, wish: Wish, designer: Designer) -> Design:  # noqa: ARG002 - always Numeric
        """Half as many variables as usual, because its source provides a mean and a log variance for each."""
        ranges = designer.ranges
        size = designer.integer("output", *ranges.output_units, log_scale=ranges.log_scale)
        return Design(DataUnit(type=DataType.NUMERIC, shape=(max(1, size // 2),)), ())

    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Samples the latent connections and merges them."""
        buffer, _ = lowering.merged(network)
        lowering.add(Concatenate(network.name, (buffer,)))
