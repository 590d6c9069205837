"""The kinds of primary network (002, III-B): one file and one row each."""

from valp.kinds.base import Kind
from valp.kinds.bottleneck import Bottleneck
from valp.kinds.convolutional import Convolutional
from valp.kinds.decoder import Decoder
from valp.kinds.discretizer import Discretizer
from valp.kinds.generic import GenericMLP
from valp.kinds.recurrent import RecurrentNetwork
from valp.kinds.transposed import TransposedDecoder
from valp.plugins import Table

KINDS: Table[Kind] = Table(
    "valp.kinds",
    Kind,  # type: ignore[type-abstract] # no instance is made of it
    (
        GenericMLP(),
        Discretizer(),
        Decoder(),
        Convolutional(),
        TransposedDecoder(),
        Bottleneck(),
        RecurrentNetwork(),
    ),
)

__all__ = ["KINDS", "Kind"]
