"""A VALP as a value: data units, components, connections and losses (Garciarena et al., Defs. 1 to 6).

Everything here is frozen, converts to JSON and back, and needs no torch. A graph may break rules (a network that
receives nothing, a cycle): `valp.check` reports that. Reading a graph fails only for malformed documents.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property
from math import prod
from typing import Annotated, Any, ClassVar, Literal, Self

import networkx as nx
from pydantic import Field, PositiveInt, SerializerFunctionWrapHandler, StringConstraints, model_serializer

from valp.graph.frozen import Frozen
from valp.graph.layers import AnyLayer, Convolution, Dense, Layer, Recurrent, TransposedConvolution

__all__ = [
    "Connection",
    "Convolution",
    "DataType",
    "DataUnit",
    "Dense",
    "Frozen",
    "Graph",
    "Input",
    "Layer",
    "Loss",
    "Name",
    "Output",
    "OwnTypeCode",
    "PrimaryNetwork",
    "Recurrent",
    "Role",
    "TransposedConvolution",
    "UnitType",
    "unit_of",
]

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
"""A component's name: it becomes part of parameter names, so letters, digits and underscores only."""


class DataType(StrEnum):
    """What the numbers of a data unit mean (Garciarena et al., III-A)."""

    NUMERIC = "numeric"
    DISCRETE = "discrete"
    SAMPLES = "samples"
    FEATURES = "features"


OwnTypeCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
"""The code of a user's own data type, a row of `valp.parts.own_types.OWN_TYPES`."""

UnitType = Annotated[DataType | OwnTypeCode, Field(union_mode="left_to_right")]
"""A data type: one of the paper's, or a user's own (Garciarena et al., VI-A)."""


class DataUnit(Frozen):
    """A data unit d = (v_d, t_d): variables that share one type (Garciarena et al., Def. 1).

    Attributes:
        type: what the variables mean.
        shape: (k,) for a vector of k variables; Features are (C, H, W) or (C, T).
    """

    type: UnitType
    shape: tuple[PositiveInt, ...] = Field(min_length=1, max_length=3)

    @property
    def size(self) -> int:
        """The number of variables."""
        return prod(self.shape)


class Input(Frozen):
    """A model input i_j: a data unit that the problem provides (Garciarena et al., Def. 2)."""

    name: Name
    unit: DataUnit


class PrimaryNetwork(Frozen):
    """A primary network n_w = (in, f, a, p, on) (Garciarena et al., Def. 3); `in` is what the connections bring.

    Attributes:
        name: the network's name, unique in the graph.
        kind: the kind a, a code of `valp.parts.kinds.KINDS`.
        combiner: the combiner f, a code of `valp.parts.combiners.COMBINERS`.
        layers: the layers p in order: the hidden layers, or all layers in kinds without an implied last layer.
        initializer: the initialiser of the implied last layer, whose size and activation follow from `output` and the
            kind. Kinds without an implied last layer ignore it.
        output: the data unit `on` that it produces.
        prior: the prior of the latent variables of its latent connections together, a code of
            `valp.parts.priors.PRIORS`. Networks without latent connections ignore it.
    """

    name: Name
    kind: str
    combiner: str = "concatenation"
    layers: tuple[AnyLayer, ...] = ()
    initializer: str = "xavier"
    output: DataUnit
    prior: str = "normal"

    @model_serializer(mode="wrap")
    def _document(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leaves out a prior that is N(0, I): the documents of graphs stay as they were before there were others."""
        document: dict[str, Any] = serialized(self)
        if document.get("prior") == type(self).model_fields["prior"].default:
            del document["prior"]
        return document


class Output(Frozen):
    """A model output o_j: the required data unit, and the combiner of what it receives (Garciarena et al., Def. 4)."""

    name: Name
    unit: DataUnit
    combiner: str = "addition"


def unit_of(component: Input | PrimaryNetwork | Output) -> DataUnit:
    """The data unit that a component provides, produces or requires."""
    return component.output if isinstance(component, PrimaryNetwork) else component.unit


class Role(StrEnum):
    """The role of a connection for its target.

    `DATA` is plain input. Into a decoder a connection is either `LATENT` (it carries (μ, log σ²) and is cut
    when the model generates) or a `CONDITION` (it is passed on unchanged and not cut). Into a Bottleneck it is
    `LATENT`.
    """

    DATA = "data"
    LATENT = "latent"
    CONDITION = "condition"


class Connection(Frozen):
    """A connection c = (source, target, ψ) (Garciarena et al., Def. 6).

    Attributes:
        source: an input or a network.
        target: a network or an output.
        indices: ψ, the transported variables of the source, in order; None transports all of them.
        role: its role for the target.
    """

    source: Name
    target: Name
    indices: tuple[int, ...] | None = None
    role: Role = Role.DATA

    @property
    def name(self) -> str:
        """The connection's name, `source->target`: the key of its noise."""
        return f"{self.source}->{self.target}"


class Loss(Frozen):
    """A loss L_j = (l, prediction, ground truth) and the β that weighs it (Garciarena et al., Def. 5).

    Attributes:
        kind: the loss function l, a code of `valp.parts.losses.LOSSES`, or `kl`.
        prediction: a network or a model output. For `kl` the network whose latent connections are judged.
        truth: the model output whose ground truth is compared; None for `kl`, whose truth is N(0, I).
        beta: the weight β in the total.
    """

    kind: str
    prediction: Name
    truth: Name | None = None
    beta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0


class Graph(Frozen):
    """A VALP M = (V, A, L, P): V = inputs, networks and outputs; A = connections; L and P = losses with their β.

    The order of `connections` is the order in which a target's combiner merges them.

    Attributes:
        given: the outputs whose class is given when the model generates. The networks that predict such an output then
            pass on this class instead of their prediction, so samples do not depend on what the prediction reads.
    """

    schema_version: Literal[1] = 1
    inputs: tuple[Input, ...]
    networks: tuple[PrimaryNetwork, ...]
    outputs: tuple[Output, ...]
    connections: tuple[Connection, ...]
    losses: tuple[Loss, ...]
    given: tuple[Name, ...] = ()

    _repr_svg_: ClassVar[Callable[..., str]]
    """Its picture in a notebook. `valp/__init__.py` sets it, because `valp.draw` imports this module."""

    @model_serializer(mode="wrap")
    def _without_unset_given(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leaves out an unset `given`, so that the documents of older graphs do not change."""
        document: dict[str, Any] = usual(self)
        return {key: value for key, value in document.items() if key != "given" or value}

    @cached_property
    def digraph(self) -> "nx.DiGraph[str]":
        """The digraph (V, A); an edge carries its `connection`. Connections of unknown components are left out."""
        digraph: nx.DiGraph[str] = nx.DiGraph()
        digraph.add_nodes_from(component.name for component in self.components)
        digraph.add_edges_from(
            (c.source, c.target, {"connection": c})
            for c in self.connections
            if c.source in digraph and c.target in digraph
        )
        return digraph

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with updated fields and without cached values."""
        copy = super().model_copy(update=update, deep=deep)
        for name in ("digraph", "order", "_incoming"):
            copy.__dict__.pop(name, None)
        return copy

    @property
    def components(self) -> tuple[Input | PrimaryNetwork | Output, ...]:
        """V: inputs, networks, outputs, in this order."""
        return (*self.inputs, *self.networks, *self.outputs)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The names of the networks, each after those that it reads; ties keep their order. Raises on a cycle."""
        position = {component.name: i for i, component in enumerate(self.components)}
        networks = {network.name for network in self.networks}
        sorted_names = nx.lexicographical_topological_sort(self.digraph, key=position.__getitem__)
        return tuple(name for name in sorted_names if name in networks)

    @cached_property
    def _incoming(self) -> dict[str, tuple[Connection, ...]]:
        incoming: dict[str, list[Connection]] = {}
        for connection in self.connections:
            incoming.setdefault(connection.target, []).append(connection)
        return {target: tuple(connections) for target, connections in incoming.items()}

    def incoming(self, name: str) -> tuple[Connection, ...]:
        """The connections into a component, in the order in which its combiner merges them."""
        return self._incoming.get(name, ())

    def predictors(self, output: str) -> tuple[str, ...]:
        """The networks that predict a Discrete output: those that feed it all their variables, one for each class."""
        unit = next((part.unit for part in self.outputs if part.name == output), None)
        if unit is None or unit.type is not DataType.DISCRETE:
            return ()
        size = unit.size
        feeding = {
            c.source
            for c in self.incoming(output)
            if c.indices is None or (len(c.indices) == size and c.indices == tuple(range(size)))
        }
        return tuple(network.name for network in self.networks if network.name in feeding and network.output == unit)

    def generating_digraph(self) -> "nx.DiGraph[str]":
        """(V, A) without what is cut when the model generates: latent connections, and those into given classes."""
        fixed = {name for output in self.given for name in self.predictors(output)}
        kept = [
            (source, target)
            for source, target, c in self.digraph.edges(data="connection")
            if c.role is not Role.LATENT and target not in fixed
        ]
        digraph: nx.DiGraph[str] = nx.DiGraph()
        digraph.add_nodes_from(self.digraph)
        digraph.add_edges_from(kept)
        return digraph
