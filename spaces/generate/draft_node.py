"""The places of a draft's components, and its record of a network."""

from dataclasses import dataclass, field

from valp.graph.graph import DataUnit, Role
from valp.parts.design import Design
from valp.parts.kinds import KINDS, Kind, Need
from valp.parts.priors import STANDARD_NORMAL

Place = tuple[str, int]
"""A component: its group, and its index in the group."""

INPUT, NETWORK, OUTPUT = "input", "network", "output"


@dataclass
class Node:
    """A network of a draft.

    Attributes:
        kind: the code of its kind; `row` is the row of that kind.
        below: a bit mask of the networks that read it, directly or not, and itself.
        name: the name in the graph; empty if it follows from the network's index.
        fixed: whether it must keep its connections. This occurs only in graphs that Algorithm 1 did not draw.
        origin: the network that it was made from: the parent, 0 or 1, and the network's name there. None if it is new.
        beta: β of the KL loss of its outgoing latent connections; None if not known yet.
        prior: the prior of its latent variables.
        generating: whether samples may depend on it when the graph generates; see `DraftParts`.
        need: what kind of source it must get first, if any.
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
    prior: str = STANDARD_NORMAL.code
    generating: bool = False
    unit: DataUnit = field(init=False)
    row: Kind = field(init=False)
    need: Need | None = field(init=False)

    def __post_init__(self) -> None:
        self.unit = self.design.unit
        self.row = KINDS[self.kind]
        self.need = self.row.need(self.unit.type)

    @property
    def exactly(self) -> int | None:
        """The number of variables that each incoming connection must transport; None if any number fits."""
        return self.row.exactly(self.unit)
