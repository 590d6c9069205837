"""The places of a draft's components, and what it knows of a network."""

from dataclasses import dataclass, field

from valp.graph.graph import DataUnit, Role
from valp.parts.design import Design
from valp.parts.kinds import KINDS, Kind, Need

Place = tuple[str, int]
"""A component: its group and its position there."""

INPUT, NETWORK, OUTPUT = "input", "network", "output"


@dataclass
class Node:
    """A network of a draft.

    Attributes:
        kind: its code; `row` is what the kind says of itself.
        below: a bit for each network that reads it, directly or not, and for itself.
        name: in the graph; empty where it follows from the network's place.
        fixed: whether it must keep its connections; only in graphs that Algorithm 1 did not draw.
        origin: the parent, 0 or 1, and the name there of the network that this one was made of; None for a new one.
        beta: β of the KL loss of its latent connections; None where that is not known yet.
        need: what must reach it first, if anything.
    """

    kind: str
    design: Design
    initializer: str
    combiner: str
    below: int
    sources: list[tuple[Place, Role, tuple[int, ...] | None]] = field(default_factory=list)
    name: str = ""
    fixed: bool = False
    origin: tuple[int, str] | None = None
    beta: float | None = None
    unit: DataUnit = field(init=False)
    row: Kind = field(init=False)
    need: Need | None = field(init=False)

    def __post_init__(self) -> None:
        self.unit = self.design.unit
        self.row = KINDS[self.kind]
        self.need = self.row.need(self.unit.type)

    @property
    def exactly(self) -> int | None:
        """The variables that each connection into it must bring; None where it adapts."""
        return self.row.exactly(self.unit)
