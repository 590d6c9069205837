"""The workbench on which kinds and outputs lower themselves to operations of the plan."""

from collections.abc import Sequence

from valp.combiners import COMBINERS
from valp.graph import Connection, Graph, PrimaryNetwork
from valp.plan import Affine, Operation, Select

Buffer = tuple[str, int]
"""A buffer's name and its size."""


class Lowering:
    """Operations written so far, and where each component's values and logits stand."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.operations: list[Operation] = []
        self.noise: dict[str, int] = {}
        self.sizes = {c.name: c.unit.size for c in graph.inputs} | {n.name: n.output.size for n in graph.networks}
        self.logits: dict[str, str] = {}

    def add(self, operation: Operation) -> str:
        """Writes an operation; its buffer is returned."""
        self.operations.append(operation)
        return operation.out

    def transported(self, connection: Connection, *, logits: bool = False) -> Buffer:
        """What a connection brings: its source's values (or logits, where it has them) after ψ."""
        source = self.logits.get(connection.source, connection.source) if logits else connection.source
        if connection.indices is None:
            return source, self.sizes[connection.source]
        suffix = ".logits" if source != connection.source else ""
        out = self.add(Select(connection.name + suffix, source, connection.indices))
        return out, len(connection.indices)

    def merge(self, combiner: str, buffers: Sequence[Buffer], out: str) -> Buffer:
        """Units merged by a combiner; a single one passes unchanged, under its own name."""
        if len(buffers) == 1:
            return buffers[0]
        names, sizes = tuple(name for name, _ in buffers), [size for _, size in buffers]
        size = COMBINERS[combiner].size(sizes)
        return self.add(COMBINERS[combiner].operation(out, names, size)), size

    def dense(self, network: PrimaryNetwork, source: Buffer, out: str) -> str:
        """The network's hidden layers and its last, linear one, which fills buffer `out`."""
        name, size = source
        for i, layer in enumerate(network.layers):
            key = f"{network.name}-{i}"
            name = self.add(
                Affine(f"{network.name}.{i}", name, key, size, layer.units, layer.activation, layer.initializer)
            )
            size = layer.units
        key = f"{network.name}-{len(network.layers)}"
        return self.add(Affine(out, name, key, size, network.output.size, "identity", network.initializer))
