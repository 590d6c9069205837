"""The places of a draft's components, and what it knows of a network."""

from dataclasses import dataclass, field

from valp.graph.graph import DataType, DataUnit, Role
from valp.spaces.generate.designs import Design

Place = tuple[str, int]
"""A component: its group and its position there."""

INPUT, NETWORK, OUTPUT = "input", "network", "output"


@dataclass
class Node:
    """A network of a draft.

    Attributes:
        below: a bit for each network that reads it, directly or not, and for itself.
        name: in the graph; empty where it follows from the network's place.
        fixed: whether nothing may be connected to it or taken from it; only of graphs that Algorithm 1 did not draw.
        origin: the parent, 0 or 1, and the name there of the network that it was made of; None for a new one.
        beta: β of the KL loss of its latent connections; None where that is not known yet.
        waits: whether it cannot begin with just any input: what decodes or samples, and what must receive Samples.
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
    waits: bool = field(init=False)

    def __post_init__(self) -> None:
        self.unit = self.design.unit
        self.waits = self.kind in ("b", "d", "t") or (self.kind == "g" and self.unit.type is DataType.SAMPLES)
