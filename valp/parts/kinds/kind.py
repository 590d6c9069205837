"""What a kind of primary network says of itself: all that the rest of the library asks of it."""

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
"""Every type: a kind that takes these takes a user's own types, too."""


class Need(Enum):
    """What must reach a network before anything else: without it the network cannot be, with it the rest is free."""

    CODE = auto()
    """A latent connection from an encoding kind, of any width."""

    WIDE_CODE = auto()
    """A latent connection from an encoding kind that brings a number of variables fixed by the network's size."""

    SAMPLED = auto()
    """A network of a kind that only samples latent variables."""

    SAMPLES = auto()
    """Samples: the network makes Samples of nothing else."""


class Kind(ABC):
    """A kind a of primary network: its types (Garciarena et al., III-B), its shapes, operations, and random design.

    Nothing else names a kind by its code: Algorithm 1, mutation, crossover and the checks ask these questions. A kind
    of another package answers them as the built-in ones do. `valp.testing.check_kind` tests the answers.

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        sign: the sign the paper gives it.
        look: its shape and fill in pictures; None takes a default one that no other kind has, as far as they last.
        takes: for each role a connection into it may have, the types it may bring.
        needs_latent: whether it needs a latent connection from a kind that encodes.
        needs_sampled: whether a network that Algorithm 1 draws starts from one of a kind that only samples; what it
            makes is random only then.
        needs: types of which one at least must arrive; none if empty.
        encodes: whether its Numeric output may start latent connections. Such a kind takes anything, so it also bridges
            what would not fit. A space has one at least.
        only_samples: whether it hands on the latent variables that it samples, and learns nothing.
        one_source: whether exactly one connection leads into a network that Algorithm 1 draws.
        reads_per_variable: the variables that each connection must bring for each variable of the output; None where
            the network adapts to what arrives.
        layer: the layers it is made of; None if it has none.
        fewest_layers: the least number of them.
        last_layer: whether one more layer is implied, whose size follows from the network's output.
        layers_together: whether its layers fit each other only as designed, so that none is added or taken away alone;
            mutation designs all of them again.
        uniform_layers: whether its layers are alike in every space.
        by_shape: whether its networks read Features by their shape: all that one reads has one spatial size.
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
        """The shape of what its layers make of what arrives: the network's output, where a last layer adapts to it.

        Raises:
            MisfitError: if a layer does not fit.
        """
        shapes_through((arriving.size,), network.layers)
        return network.output.shape

    @abstractmethod
    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Writes the operations that fill the buffer named after the network."""

    @property
    def takes_any_data(self) -> bool:
        """Whether plain connections may bring it anything."""
        return self.takes.get(Role.DATA) == ANY

    @property
    def adapts(self) -> bool:
        """Whether any shape that arrives fits, whatever the layers and the output are."""
        return type(self).shape is Kind.shape

    @property
    def resizable(self) -> bool:
        """Whether the output may get another size while the layers stay as they are."""
        return self.last_layer or self.adapts or self.reads_per_variable is not None

    @property
    def stacks(self) -> bool:
        """Whether hidden layers are drawn one by one, so that one can be added or taken away."""
        drawn = self.layer is Dense or type(self).hidden_layer is not Kind.hidden_layer
        return self.layer is not None and drawn and not self.layers_together

    @property
    def searchable(self) -> bool:
        """Whether Algorithm 1 can draw it: something can serve it first, and its layers have a design."""
        begins = self.takes_any_data or self.by_shape or self.needs_latent or self.needs_sampled
        return begins and (self.fewest_layers == 0 or self.stacks or type(self).design is not Kind.design)

    @property
    def usual(self) -> DataType:
        """The type that it makes where any type will do: Numeric if it can."""
        made = self.produces(DataType.NUMERIC)
        return DataType.NUMERIC if DataType.NUMERIC in made else min(made)

    def need(self, made: DataType | str) -> Need | None:
        """What must reach a network that makes this type before anything else; None if anything may come first."""
        if self.needs_latent:
            return Need.CODE if self.reads_per_variable is None else Need.WIDE_CODE
        if self.needs_sampled:
            return Need.SAMPLED
        if made is DataType.SAMPLES and made not in self.produces(DataType.NUMERIC):
            return Need.SAMPLES
        return None

    def exactly(self, unit: DataUnit) -> int | None:
        """The variables that each connection into a network of this output must bring; None where it adapts."""
        return None if self.reads_per_variable is None else self.reads_per_variable * unit.size

    def reads_sides(self, sides: Sides) -> bool:  # noqa: ARG002 - others ask
        """Whether it reads Features of this spatial size by their shape."""
        return self.by_shape

    def widths(self, ranges: Ranges) -> tuple[int, int] | None:
        """The least and the greatest width of its layers; None where a width cannot change by itself."""
        return ranges.units

    def serves(self, wanted: DataType | str, wish: Wish, given: Sequence[Sides], others: Collection["Kind"]) -> bool:  # noqa: ARG002 - others ask
        """Whether Algorithm 1 may create a network of this kind for a wish.

        Args:
            wanted: the type that is asked for.
            wish: what it is for.
            given: the spatial sizes of the model inputs that are Features.
            others: all kinds of the space.
        """
        return like(wanted) in self.produces(DataType.NUMERIC) and wish.role is not Role.LATENT

    def hidden_layer(self, designer: Designer, normalise: bool) -> Layer:
        """Draws a layer that may stand anywhere among the hidden ones; here a dense one.

        A kind with a form of layer of its own draws that one, or designs all of its layers together (`design`).

        Args:
            designer: takes the decisions, and knows the ranges.
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
        """Draws a network: here a vector of the wished size, by hidden layers as `hidden_layer` draws them.

        Args:
            made: the type that it makes.
            wish: what it is for; `serves` has accepted it.
            designer: takes the decisions, and knows the ranges.
        """
        unit = DataUnit(type=made, shape=(designer.output_size(wish),))
        return Design(unit, designer.hidden_layers(self.hidden_layer, self.fewest_layers) if self.stacks else ())
