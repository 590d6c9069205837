"""A VALP as a value: data units, components, connections and losses (002, Definitions 1 to 6).

Everything here is frozen, goes to JSON and back, and needs no torch. A graph may be nonsense (an
unfed network, a cycle): `valp.check` says so. Only what could not be read at all is refused here.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from math import prod
from typing import Annotated, Any, Literal, Self

import networkx as nx
from pydantic import BaseModel, ConfigDict, Discriminator, Field, NonNegativeInt, PositiveInt, StringConstraints, Tag

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
"""A component's name: it becomes part of parameter names, so letters, digits and underscores only."""


class Frozen(BaseModel):
    """A value that never changes and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataType(StrEnum):
    """What the numbers of a data unit mean (002, III-A)."""

    NUMERIC = "numeric"
    DISCRETE = "discrete"
    SAMPLES = "samples"
    FEATURES = "features"


OwnTypeCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
"""The code of a user's own data type, a row of `valp.parts.own_types.OWN_TYPES`."""

UnitType = Annotated[DataType | OwnTypeCode, Field(union_mode="left_to_right")]
"""A data type: one of the paper's, or a user's own (002, VI-A)."""


class DataUnit(Frozen):
    """A data unit d = (v_d, t_d): variables that share one type (002, Definition 1).

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
    """A model input i_j: a data unit that the problem provides (002, Definition 2)."""

    name: Name
    unit: DataUnit


class Dense(Frozen):
    """A fully connected hidden layer.

    Attributes:
        units: its neurons.
        activation: a word of `valp.graph.vocabulary.ACTIVATIONS`.
        initializer: how its weights are drawn, a word of `valp.graph.vocabulary.INITIALIZERS`.
        normalise: whether batch normalisation stands before the activation (Ioffe & Szegedy 2015, arXiv:1502.03167).
    """

    form: Literal["dense"] = "dense"
    units: PositiveInt
    activation: str = "relu"
    initializer: str = "xavier"
    normalise: bool = False


Sides = Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=2)]
"""One number a spatial dimension: (H, W) of an image, (T,) of a sequence."""

Padding = Annotated[tuple[NonNegativeInt, ...], Field(min_length=1, max_length=2)]
"""The same, where a number may be 0."""


class Convolution(Frozen):
    """A convolution over the spatial dimensions, batch normalisation, an activation, and max-pooling.

    A side n becomes ⌊(n + 2·padding − kernel) / stride⌋ + 1, and ⌊that / pool⌋ after pooling.

    Attributes:
        channels: of its result.
        kernel, stride, padding, pool: one number a spatial dimension.
        activation, initializer, normalise: as of `Dense`.
    """

    form: Literal["convolution"] = "convolution"
    channels: PositiveInt
    kernel: Sides = (3, 3)
    stride: Sides = (1, 1)
    padding: Padding = (1, 1)
    pool: Sides = (1, 1)
    activation: str = "relu"
    initializer: str = "xavier"
    normalise: bool = False


class TransposedConvolution(Frozen):
    """A transposed convolution: a side n becomes (n − 1)·stride − 2·padding + kernel.

    Attributes:
        channels: of its result.
        kernel, stride, padding: one number a spatial dimension.
        activation, initializer, normalise: as of `Dense`.
    """

    form: Literal["transposed_convolution"] = "transposed_convolution"
    channels: PositiveInt
    kernel: Sides = (4, 4)
    stride: Sides = (2, 2)
    padding: Padding = (1, 1)
    activation: str = "relu"
    initializer: str = "xavier"
    normalise: bool = False


class Recurrent(Frozen):
    """A recurrent layer: C channels at each of T steps become `units` at each.

    Attributes:
        units: of its state.
        cell: a gated recurrent unit (Cho et al. 2014) or a long short-term memory (Hochreiter & Schmidhuber 1997).
        initializer, normalise: as of `Dense`.
    """

    form: Literal["recurrent"] = "recurrent"
    units: PositiveInt
    cell: Literal["gru", "lstm"] = "gru"
    initializer: str = "xavier"
    normalise: bool = False


def _form(layer: Any) -> str:
    return str(layer.get("form", "dense")) if isinstance(layer, dict) else str(getattr(layer, "form", ""))


Layer = Annotated[
    Annotated[Dense, Tag("dense")]
    | Annotated[Convolution, Tag("convolution")]
    | Annotated[TransposedConvolution, Tag("transposed_convolution")]
    | Annotated[Recurrent, Tag("recurrent")],
    Discriminator(
        _form,
        custom_error_type="layer_form",
        custom_error_message="The form of a layer must be dense, convolution, transposed_convolution or recurrent",
    ),
]
"""A layer of a network; `form` tells which, and is `dense` where a document does not say."""


class PrimaryNetwork(Frozen):
    """A primary network n_w = (in, f, a, p, on) (002, Definition 3); `in` is what the connections bring.

    Attributes:
        name: the network's name, unique in the graph.
        kind: a, a code of `valp.parts.kinds.KINDS`.
        combiner: f, a code of `valp.parts.combiners.COMBINERS`.
        layers: p, the first one first: the hidden layers, or all of them in the kinds that have no implied last one.
        initializer: the initialiser of the implied last layer, whose size and activation follow from `output` and the
            kind; without a meaning where there is none (convolutional kinds and the Bottleneck).
        output: on, the data unit it produces.
    """

    name: Name
    kind: str
    combiner: str = "concatenation"
    layers: tuple[Layer, ...] = ()
    initializer: str = "xavier"
    output: DataUnit


class Output(Frozen):
    """A model output o_j: the data unit asked for, and the combiner of what it receives (002, Definition 4)."""

    name: Name
    unit: DataUnit
    combiner: str = "addition"


class Role(StrEnum):
    """What a connection is to its target.

    `DATA` is plain input. Into a decoder a connection is either `LATENT` (it carries (μ, log σ²) and is cut
    when the model generates) or a `CONDITION` (it enters as it is, and stays). Into a Bottleneck it is `LATENT`.
    """

    DATA = "data"
    LATENT = "latent"
    CONDITION = "condition"


class Connection(Frozen):
    """A connection c = (source, target, ψ) (002, Definition 6).

    Attributes:
        source: an input or a network.
        target: a network or an output.
        indices: ψ, the transported variables of the source, in order; None transports them all.
        role: what it is to its target.
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
    """A loss L_j = (l, prediction, ground truth) and the β that weighs it (002, Definition 5).

    Attributes:
        kind: l, a code of `valp.parts.losses.LOSSES`.
        prediction: a network or a model output. For `kl` the network whose latent connections are judged.
        truth: the model output whose ground truth is compared; None for `kl`, whose truth is N(0, I).
        beta: β, the weight in the total.
    """

    kind: str
    prediction: Name
    truth: Name | None = None
    beta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0


class Graph(Frozen):
    """A VALP M = (V, A, L, P): V = inputs, networks and outputs; A = connections; L and P = losses with their β.

    The order of `connections` is the order in which a target's combiner meets them.
    """

    schema_version: Literal[1] = 1
    inputs: tuple[Input, ...]
    networks: tuple[PrimaryNetwork, ...]
    outputs: tuple[Output, ...]
    connections: tuple[Connection, ...]
    losses: tuple[Loss, ...]

    @cached_property
    def digraph(self) -> "nx.DiGraph[str]":
        """The digraph (V, A); an edge carries its `connection`. Ends that no component has are left out."""
        digraph: nx.DiGraph[str] = nx.DiGraph()
        digraph.add_nodes_from(component.name for component in self.components)
        digraph.add_edges_from(
            (c.source, c.target, {"connection": c})
            for c in self.connections
            if c.source in digraph and c.target in digraph
        )
        return digraph

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other parts; what was worked out of the old ones is not taken along."""
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
        """The names of the networks, each after those it reads; ties in the order given. Raises on a cycle."""
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
        """The connections into a component, in the order its combiner meets them."""
        return self._incoming.get(name, ())

    def generating_digraph(self) -> "nx.DiGraph[str]":
        """(V, A) after the latent connections are cut: what is left when the model generates."""
        kept = [(s, t) for s, t, c in self.digraph.edges(data="connection") if c.role is not Role.LATENT]
        digraph: nx.DiGraph[str] = nx.DiGraph()
        digraph.add_nodes_from(self.digraph)
        digraph.add_edges_from(kept)
        return digraph
