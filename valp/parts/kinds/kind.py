"""The base class of the kinds of primary network: all that the rest of the library needs to know about a kind."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import ClassVar

from valp.graph.graph import DataType, DataUnit, Dense, Layer, PrimaryNetwork, Role
from valp.parts.design import Design, Designer, Ranges, Sides, Wish
from valp.parts.look import Look
from valp.parts.lowering import Lowering
from valp.parts.own_types import like
from valp.parts.shapes import Arrival, Shape, shapes_through

ANY = frozenset(DataType)
"""Every type. A kind that takes these also takes a user's own types."""


class Need(Enum):
    """What must reach a network before anything else. Without it the network is invalid; other inputs are optional."""

    CODE = auto()
    """A latent connection from an encoding kind, of any width."""

    WIDE_CODE = auto()
    """A latent connection from an encoding kind, with a number of variables that the network's size fixes."""

    SAMPLED = auto()
    """A network of a kind that only samples latent variables."""

    SAMPLES = auto()
    """Samples, because the network makes Samples of nothing else."""


class Kind(ABC):
    """A kind a of primary network: its types (Garciarena et al., III-B), its shapes, operations, and random design.

    Algorithm 1, mutation, crossover and the checks use only these attributes and methods, never a code. So a kind of
    another package works like a built-in one. `valp.testing.check_kind` tests a kind.

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        sign: its sign in Garciarena et al.
        look: its shape and fill in pictures. None takes a default look that no other kind has, as long as there are
            any left.
        takes: for each role that a connection into it may have, the types that it may bring.
        needs_latent: whether it needs a latent connection from a kind that encodes.
        needs_sampled: whether Algorithm 1 first connects its networks to a kind that only samples, because their output
            would not be random otherwise.
        needs: types of which at least one must arrive; empty for no requirement.
        encodes: whether latent connections may start from its Numeric output. Such a kind takes anything, so it also
            converts what would not fit. A space has at least one.
        only_samples: whether it only passes on the latent variables that it samples, without any weights.
        one_source: whether Algorithm 1 gives its networks exactly one incoming connection.
        reads_per_variable: the number of variables that each connection must bring per variable of the output; None if
            the network adapts to what arrives.
        layer: the form of its layers; None if it has none.
        fewest_layers: the minimum number of layers.
        last_layer: whether one more layer is implied, whose size follows from the network's output.
        layers_together: whether its layers only fit each other as designed. Mutation then does not add or remove a
            single layer, but designs all layers again.
        uniform_layers: whether its layers are equal in every space.
        by_shape: whether its networks read Features by their shape. All Features that one reads have one spatial size.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    sign: ClassVar[str]
    look: ClassVar[Look | None] = None
    takes: ClassVar[dict[Role, frozenset[DataType]]]
    needs_latent: ClassVar[bool] = False
    needs_sampled: ClassVar[bool] = False
    needs: ClassVar[frozenset[DataType]] = frozenset()
    encodes: ClassVar[bool] = False
    only_samples: ClassVar[bool] = False
    one_source: ClassVar[bool] = False
    reads_per_variable: ClassVar[int | None] = None
    layer: ClassVar[type[Layer] | None] = Dense
    fewest_layers: ClassVar[int] = 0
    last_layer: ClassVar[bool] = True
    layers_together: ClassVar[bool] = False
    uniform_layers: ClassVar[bool] = False
    by_shape: ClassVar[bool] = False

    @abstractmethod
    def produces(self, merged: DataType) -> frozenset[DataType]:
        """The types it may produce when the type of its merged inputs is `merged`."""

    def shape(self, network: PrimaryNetwork, arriving: Arrival) -> Shape:
        """The shape that a network makes of what arrives; here that of its output, to which the last layer adapts.

        Raises:
            MisfitError: if a layer does not fit.
        """
        shapes_through((arriving.size,), network.layers)
        return network.output.shape

    @abstractmethod
    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Adds the operations that fill the buffer named after the network."""

    @property
    def takes_any_data(self) -> bool:
        """Whether data connections may bring it any type."""
        return self.takes.get(Role.DATA) == ANY

    @property
    def adapts(self) -> bool:
        """Whether any arriving shape fits, whatever the layers and the output are."""
        return type(self).shape is Kind.shape

    @property
    def resizable(self) -> bool:
        """Whether the size of the output may change while the layers stay as they are."""
        return self.last_layer or self.adapts or self.reads_per_variable is not None

    @property
    def stacks(self) -> bool:
        """Whether hidden layers are drawn one by one, so that one can be added or removed."""
        drawn = self.layer is Dense or type(self).hidden_layer is not Kind.hidden_layer
        return self.layer is not None and drawn and not self.layers_together

    @property
    def searchable(self) -> bool:
        """Whether Algorithm 1 can draw it: it can be given a first source, and its layers can be designed."""
        begins = self.takes_any_data or self.by_shape or self.needs_latent or self.needs_sampled
        return begins and (self.fewest_layers == 0 or self.stacks or type(self).design is not Kind.design)

    @property
    def usual(self) -> DataType:
        """The type that it makes if any type will do: Numeric if possible."""
        made = self.produces(DataType.NUMERIC)
        return DataType.NUMERIC if DataType.NUMERIC in made else min(made)

    def need(self, made: DataType | str) -> Need | None:
        """What must reach a network of this type before anything else; None if anything may come first."""
        if self.needs_latent:
            return Need.CODE if self.reads_per_variable is None else Need.WIDE_CODE
        if self.needs_sampled:
            return Need.SAMPLED
        if made is DataType.SAMPLES and made not in self.produces(DataType.NUMERIC):
            return Need.SAMPLES
        return None

    def exactly(self, unit: DataUnit) -> int | None:
        """The number of variables each connection into a network with this output must bring; None if it adapts."""
        return None if self.reads_per_variable is None else self.reads_per_variable * unit.size

    def reads_sides(self, sides: Sides) -> bool:  # noqa: ARG002 - others ask
        """Whether it reads Features of this spatial size by their shape."""
        return self.by_shape

    def widths(self, ranges: Ranges) -> tuple[int, int] | None:
        """The smallest and the largest width of its layers; None if a single width cannot change alone."""
        return ranges.units

    def serves(self, wanted: DataType | str, wish: Wish, given: Sequence[Sides], others: Collection["Kind"]) -> bool:  # noqa: ARG002 - others ask
        """Whether Algorithm 1 may create a network of this kind for a wish.

        Args:
            wanted: the type that is needed.
            wish: what it is for.
            given: the spatial sizes of the model inputs that are Features.
            others: all kinds of the space.
        """
        return like(wanted) in self.produces(DataType.NUMERIC) and wish.role is not Role.LATENT

    def hidden_layer(self, designer: Designer, normalise: bool) -> Layer:
        """Draws a hidden layer that fits at any position; here a dense one.

        A kind with its own form of layer draws that form, or designs all of its layers together in `design`.

        Args:
            designer: makes the decisions and has the ranges.
            normalise: whether the network has batch normalisation.
        """
        ranges = designer.ranges
        return Dense(
            units=designer.integer("units", *ranges.units, log_scale=ranges.log_scale),
            activation=designer.category("activation", ranges.activations),
            initializer=designer.category("layer_initializer", ranges.initializers),
            normalise=normalise,
        )

    def design(self, made: DataType | str, wish: Wish, designer: Designer) -> Design:
        """Designs a network; here one that makes a vector of the required size, with layers from `hidden_layer`.

        Args:
            made: the type that it makes.
            wish: what it is for; `serves` has accepted it.
            designer: makes the decisions and has the ranges.
        """
        unit = DataUnit(type=made, shape=(designer.output_size(wish),))
        return Design(unit, designer.hidden_layers(self.hidden_layer, self.fewest_layers) if self.stacks else ())
