"""`Lowering`: collects the operations that kinds and outputs add to the plan."""

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING

from valp.graph.graph import Connection, Graph, PrimaryNetwork, Role
from valp.graph.layers import Site
from valp.parts.combiners import COMBINERS
from valp.parts.shapes import Arrival, Shape, merged, transported
from valp.plan.operation import Affine, Apply, Operation, Sample, Select

if TYPE_CHECKING:  # lowering must not load torch
    from torch import nn

Buffer = tuple[str, int]
"""A buffer's name and its size."""


class Lowering:
    """The operations added so far, and the buffers with each component's values and logits."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.operations: list[Operation] = []
        self.noise: dict[str, int] = {}
        self.units = {c.name: c.unit for c in graph.inputs} | {n.name: n.output for n in graph.networks}
        self.logits: dict[str, str] = {}

    def add(self, operation: Operation) -> str:
        """Adds an operation and returns its buffer."""
        self.operations.append(operation)
        return operation.out

    def transported(self, connection: Connection, *, logits: bool = False) -> Buffer:
        """What a connection brings: its source's values (or logits, if it has them) after ψ."""
        source = self.logits.get(connection.source, connection.source) if logits else connection.source
        if connection.indices is None:
            return source, self.units[connection.source].size
        suffix = ".logits" if source != connection.source else ""
        out = self.add(Select(connection.name + suffix, source, connection.indices))
        return out, len(connection.indices)

    def arrival(self, connection: Connection) -> Buffer:
        """What a connection brings to a network. A latent one brings its k sampled variables."""
        buffer, size = self.transported(connection)
        if connection.role is not Role.LATENT:
            return buffer, size
        latent = size // 2
        self.noise[connection.name] = latent
        return self.add(Sample(f"{connection.name}.z", buffer, connection.name, latent)), latent

    def merge(self, combiner: str, buffers: Sequence[Buffer], out: str) -> Buffer:
        """Merges units by a combiner. A single unit passes unchanged, under its own name."""
        if len(buffers) == 1:
            return buffers[0]
        names, sizes = tuple(name for name, _ in buffers), [size for _, size in buffers]
        size = COMBINERS[combiner].size(sizes)
        return self.add(COMBINERS[combiner].operation(out, names, size)), size

    def merged(self, network: PrimaryNetwork) -> Buffer:
        """What reaches a network, merged."""
        arrivals = [self.arrival(connection) for connection in self.graph.incoming(network.name)]
        return self.merge(network.combiner, arrivals, f"{network.name}.in")

    def arriving(self, network: PrimaryNetwork) -> Arrival:
        """The type and shape of what reaches a network, merged."""
        incoming = self.graph.incoming(network.name)
        return merged([transported(self.units[c.source], c) for c in incoming], network.combiner)

    def stack(self, network: PrimaryNetwork, source: str, shape: Shape, *, ends: bool) -> tuple[str, Shape]:
        """Adds the network's layers, each reading the one before it.

        Args:
            network: the network.
            source: the buffer that the first layer reads.
            shape: the shape as which the first layer reads it.
            ends: whether the last layer fills the network's buffer; if not, something else must.

        Returns:
            The buffer that the last layer fills, and the shape it makes; `source` and `shape` without layers.
        """
        last = len(network.layers) - 1
        for place, layer in enumerate(network.layers):
            out = network.name if ends and place == last else f"{network.name}.{place}"
            operation = layer.operation(Site(out, source, f"{network.name}-{place}", shape))
            source, shape = self.add(operation), layer.output_shape(shape)
        return source, shape

    def dense(self, network: PrimaryNetwork, source: Buffer, out: str) -> str:
        """Adds the network's layers, of any form, and a linear last one that fills buffer `out`. All read vectors."""
        name, size = source
        name, shape = self.stack(network, name, (size,), ends=False)
        key = f"{network.name}-{len(network.layers)}"
        return self.add(Affine(out, name, key, prod(shape), network.output.size, "identity", network.initializer))

    def apply(self, network: PrimaryNetwork, sources: Sequence[str], build: "Callable[[], nn.Module]") -> str:
        """Adds a kind's own torch module, which fills the network's buffer.

        Args:
            network: the network.
            sources: the buffers it reads, each given to the module as a (batch, size) tensor.
            build: makes the module. Its random numbers follow from the model's seed.
        """
        return self.add(Apply(network.name, tuple(sources), f"{network.name}-own", build))
