"""What a kind of primary network must say of itself."""

from abc import ABC, abstractmethod
from typing import ClassVar

from valp.graph.graph import DataType, Dense, Layer, PrimaryNetwork, Role
from valp.parts.lowering import Lowering
from valp.parts.shapes import Arrival, Shape, shapes_through

ANY = frozenset(DataType)
"""Every type: a kind that takes these takes a user's own types, too."""


class Kind(ABC):
    """A kind a of primary network: its typing rows (FORMALISM: 002, III-B) and how it lowers to operations.

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        sign: the sign the paper gives it.
        takes: for each role a connection into it may have, the types it may bring.
        needs_latent: whether it needs a latent connection from a Generic MLP.
        needs: types of which one at least must arrive; none if empty.
        layer: the layers it is made of; None if it has none.
        fewest_layers: the least number of them.
        last_layer: whether one more layer is implied, whose size follows from the network's output.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    sign: ClassVar[str]
    takes: ClassVar[dict[Role, frozenset[DataType]]]
    needs_latent: ClassVar[bool] = False
    needs: ClassVar[frozenset[DataType]] = frozenset()
    layer: ClassVar[type[Layer] | None] = Dense
    fewest_layers: ClassVar[int] = 0
    last_layer: ClassVar[bool] = True

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
