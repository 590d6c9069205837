"""What rules are written with: `Facts` to look things up in a graph, and `Rule`, a row of the table."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from valp.graph.graph import (
    Connection,
    DataType,
    DataUnit,
    Graph,
    Output,
    PrimaryNetwork,
    Role,
)
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.lowering import Lowering
from valp.parts.shapes import Arrival, merged, transported
from valp.plan.operation import Operation

Finding = tuple[str, str]
"""The offending component, and what was found there."""


@dataclass(frozen=True)
class Rule:
    """One rule of the table.

    Attributes:
        code: the rule's name in reports and tests.
        sentence: what must hold, as one clause.
        broken: yields a finding for each place that breaks the rule. It must not raise, even if other rules are broken.
    """

    code: str
    sentence: str
    broken: Callable[["Facts"], Iterator[Finding]]


class Facts:
    """A graph's components by name. If several share a name, the first counts."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.counts = Counter(component.name for component in graph.components)
        self.networks: dict[str, PrimaryNetwork] = {}
        self.outputs: dict[str, Output] = {}
        self.units: dict[str, DataUnit] = {}
        self._arrivals: dict[str, list[Arrival] | None] = {}
        for model_input in graph.inputs:
            self.units.setdefault(model_input.name, model_input.unit)
        for network in graph.networks:
            self.networks.setdefault(network.name, network)
            self.units.setdefault(network.name, network.output)
        for output in graph.outputs:
            self.outputs.setdefault(output.name, output)

    @cached_property
    def targets(self) -> frozenset[str]:
        """The components in which a connection may end."""
        return frozenset(self.networks.keys() | self.outputs.keys())

    @cached_property
    def read(self) -> frozenset[str]:
        """The components from which a connection starts."""
        return frozenset(connection.source for connection in self.graph.connections)

    @cached_property
    def latent_sources(self) -> frozenset[str]:
        """The components from which a latent connection starts."""
        return frozenset(c.source for c in self.graph.connections if c.role is Role.LATENT)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The operations that the networks become; none if they cannot become any."""
        lowering = Lowering(self.graph)
        with suppress(Exception):  # a kind of another package may raise anything, and the compiler then says so
            for name in self.graph.order:
                KINDS[self.networks[name].kind].lower(self.networks[name], lowering)
            return tuple(lowering.operations)
        return ()

    def size(self, connection: Connection) -> int | None:
        """The number of variables that a connection transports; None if its source is unknown."""
        if connection.indices is not None:
            return len(connection.indices)
        unit = self.units.get(connection.source)
        return unit.size if unit else None

    def arrivals(self, target: str) -> list[Arrival] | None:
        """What meets at a component; None if a source is unknown or nothing arrives."""
        if target not in self._arrivals:
            self._arrivals[target] = self._arriving(target)
        return self._arrivals[target]

    def _arriving(self, target: str) -> list[Arrival] | None:
        arriving = []
        for connection in self.graph.incoming(target):
            unit = self.units.get(connection.source)
            if unit is None:
                return None
            arriving.append(transported(unit, connection))
        return arriving or None

    def arriving_types(self, target: str) -> list[DataType | str] | None:
        """The types that meet at a component; None if one is unknown or nothing arrives."""
        arriving = self.arrivals(target)
        return None if arriving is None else [arrival.type for arrival in arriving]

    def merged(self, target: PrimaryNetwork | Output) -> Arrival | None:
        """What a component's combiner makes of what arrives; None if that cannot be determined."""
        arriving = self.arrivals(target.name)
        if arriving is None or target.combiner not in COMBINERS or any(arrival.size < 1 for arrival in arriving):
            return None
        return merged(arriving, target.combiner)
