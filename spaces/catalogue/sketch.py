"""The builder that the catalogue's graphs are made with: it adds networks by name, each with its sources."""

from collections.abc import Sequence

from valp.graph.graph import (
    Connection,
    DataType,
    DataUnit,
    Dense,
    Graph,
    Input,
    Layer,
    Loss,
    Output,
    PrimaryNetwork,
    Role,
)
from valp.parts.kinds import DECODER, DISCRETIZER, GENERIC_MLP, Kind
from valp.parts.losses import KL
from valp.parts.shapes import Arrival, merged, transported
from valp.spaces.problem.description import Description

PRODUCERS: dict[str, Kind] = {DataType.NUMERIC: GENERIC_MLP, DataType.DISCRETE: DISCRETIZER}
"""The network kind that produces a predicted output of each type."""

LARGEST_NAME = 64


class Sketch:
    """A graph under construction: the inputs and outputs of a problem, and the networks added so far.

    Args:
        problem: the problem. The graph gets its inputs and outputs.
    """

    def __init__(self, problem: Description) -> None:
        self.problem = problem
        self.networks: dict[str, PrimaryNetwork] = {}
        self.connections: list[Connection] = []
        self.losses: list[Loss] = []
        self._units = {part.name: part.unit for part in problem.inputs} | {
            part.name: part.unit for part in problem.outputs
        }

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The problem's inputs."""
        return self.problem.inputs

    def outputs(self, *types: DataType) -> list[Output]:
        """The problem's outputs of these types, in its order; all outputs if no type is given."""
        return [output for output in self.problem.outputs if not types or output.unit.type in types]

    def network(
        self,
        name: str,
        kind: Kind,
        reads: Sequence[str],
        layers: Sequence[Layer] = (),
        output: DataUnit | None = None,
        *,
        latent: Sequence[str] = (),
        conditions: Sequence[str] = (),
    ) -> str:
        """Adds a network and returns its name, with a number appended if the name is taken.

        Args:
            name: the network's name.
            kind: its kind.
            reads: the inputs and networks that it reads whole.
            layers: its layers.
            output: its output unit; None if the layers determine it.
            latent: the networks that it reads through latent connections.
            conditions: the networks that it reads as conditions.
        """
        name = self._free(name)
        connections = [
            Connection(source=source, target=name, role=role)
            for role, sources in ((Role.LATENT, latent), (Role.CONDITION, conditions), (Role.DATA, reads))
            for source in sources
        ]
        if output is None:
            output = self._made(name, kind, layers, connections)
        self.networks[name] = PrimaryNetwork(name=name, kind=kind.code, layers=tuple(layers), output=output)
        self.connections += connections
        return name

    def dense(self, name: str, reads: Sequence[str], layers: Sequence[Dense], size: int) -> str:
        """Adds a Generic MLP of `size` Numeric variables."""
        return self.network(name, GENERIC_MLP, reads, layers, DataUnit(type=DataType.NUMERIC, shape=(size,)))

    def narrow(self, source: str, target: str, indices: Sequence[int]) -> None:
        """Sets ψ of a connection: it transports only these variables."""
        self.connections = [
            c.model_copy(update={"indices": tuple(indices)}) if (c.source, c.target) == (source, target) else c
            for c in self.connections
        ]

    def serve(self, output: Output, source: str, beta: float = 1.0) -> None:
        """Connects a network to an output, and adds the output's losses, each with this β."""
        self.connections.append(Connection(source=source, target=output.name))
        for kind in dict.fromkeys(self.problem.losses[output.name]):
            self.losses.append(Loss(kind=kind, prediction=output.name, truth=output.name, beta=beta))

    def head(
        self, output: Output, reads: Sequence[str], layers: Sequence[Dense], beta: float = 1.0, *, name: str = ""
    ) -> str:
        """Adds a network for a Numeric or Discrete output, and returns the network's name."""
        kind = PRODUCERS[output.unit.type]
        head = self.network(name or f"{output.name}_head", kind, reads, layers, output.unit)
        self.serve(output, head, beta)
        return head

    def decoder(self, output: Output, code: str, layers: Sequence[Dense], beta: float = 1.0, *, name: str = "") -> str:
        """Adds a Decoder for a Samples output, with a latent connection from `code`, and returns its name."""
        decoder = self.network(name or f"{output.name}_decoder", DECODER, [], layers, output.unit, latent=[code])
        self.serve(output, decoder, beta)
        return decoder

    def divergence(self, source: str, beta: float = 1.0) -> None:
        """Adds the KL loss of a network's latent connections."""
        self.losses.append(Loss(kind=KL, prediction=source, beta=beta))

    def graph(self) -> Graph:
        """The finished graph."""
        return Graph(
            inputs=self.problem.inputs,
            networks=tuple(self.networks.values()),
            outputs=self.problem.outputs,
            connections=tuple(self.connections),
            losses=tuple(self.losses),
        )

    def _unit(self, name: str) -> DataUnit:
        """The data unit of an input or a network."""
        return self.networks[name].output if name in self.networks else self._units[name]

    def _free(self, name: str) -> str:
        taken, number, free = self._units.keys() | self.networks.keys(), 1, name[:LARGEST_NAME]
        while free in taken:
            number += 1
            free = f"{name[: LARGEST_NAME - 4]}_{number}"
        return free

    def _made(self, name: str, kind: Kind, layers: Sequence[Layer], connections: Sequence[Connection]) -> DataUnit:
        """The output unit of a network without an implied last layer."""
        arriving = merged([transported(self._unit(c.source), c) for c in connections], "concatenation")
        (made,) = kind.produces(DataType.NUMERIC)
        draft = PrimaryNetwork(
            name=name, kind=kind.code, layers=tuple(layers), output=DataUnit(type=made, shape=arriving.shape)
        )
        return DataUnit(type=made, shape=kind.shape(draft, Arrival(arriving.type, arriving.shape)))
