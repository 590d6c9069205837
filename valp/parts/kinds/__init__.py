"""The kinds of primary network (002, III-B): one file and one row each."""

from valp.graph.plugin_table import PluginTable
from valp.parts.kinds.bottleneck import Bottleneck
from valp.parts.kinds.convolutional import Convolutional
from valp.parts.kinds.decoder import Decoder
from valp.parts.kinds.discretizer import Discretizer
from valp.parts.kinds.generic_mlp import GenericMLP
from valp.parts.kinds.kind import Kind
from valp.parts.kinds.recurrent import RecurrentNetwork
from valp.parts.kinds.transposed_decoder import TransposedDecoder

KINDS: PluginTable[Kind] = PluginTable(
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
