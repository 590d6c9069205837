"""What a kind of primary network must say of itself."""

from abc import ABC, abstractmethod
from typing import ClassVar

from valp.graph import DataType, PrimaryNetwork, Role
from valp.lowering import Lowering

ANY = frozenset(DataType)


class Kind(ABC):
    """A kind a of primary network: its typing rows (FORMALISM: 002, III-B) and how it lowers to operations.

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        sign: the sign the paper gives it.
        takes: for each role a connection into it may have, the types it may bring.
        needs_latent: whether it needs a latent connection from a Generic MLP.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    sign: ClassVar[str]
    takes: ClassVar[dict[Role, frozenset[DataType]]]
    needs_latent: ClassVar[bool] = False

    @abstractmethod
    def produces(self, merged: DataType) -> frozenset[DataType]:
        """The types it may produce when the type of its merged inputs is `merged`."""

    @abstractmethod
    def lower(self, network: PrimaryNetwork, lowering: Lowering) -> None:
        """Writes the operations that fill the buffer named after the network."""
