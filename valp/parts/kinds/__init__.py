"""The kinds of primary network (Garciarena et al., III-B): one file and one row each."""

from valp.graph.plugin_table import PluginTable
from valp.parts.kinds.bottleneck import Bottleneck
from valp.parts.kinds.convolutional import Convolutional
from valp.parts.kinds.decoder import Decoder
from valp.parts.kinds.discretizer import Discretizer
from valp.parts.kinds.generic_mlp import GenericMLP
from valp.parts.kinds.kind import ANY, Kind, Need
from valp.parts.kinds.recurrent import RecurrentNetwork
from valp.parts.kinds.transposed_decoder import TransposedDecoder

GENERIC_MLP = GenericMLP()
DISCRETIZER = Discretizer()
DECODER = Decoder()
CONVOLUTIONAL = Convolutional()
TRANSPOSED_DECODER = TransposedDecoder()
BOTTLENECK = Bottleneck()
RECURRENT = RecurrentNetwork()

BUILT_IN: tuple[Kind, ...] = (
    GENERIC_MLP,
    DISCRETIZER,
    DECODER,
    CONVOLUTIONAL,
    TRANSPOSED_DECODER,
    BOTTLENECK,
    RECURRENT,
)
"""The library's own kinds; graphs made by hand refer to these rows."""

KINDS: PluginTable[Kind] = PluginTable(
    "valp.kinds",
    Kind,  # type: ignore[type-abstract] # it is not instantiated
    BUILT_IN,
)
"""All kinds by code, including those of other packages."""

__all__ = [
    "ANY",
    "BOTTLENECK",
    "BUILT_IN",
    "CONVOLUTIONAL",
    "DECODER",
    "DISCRETIZER",
    "GENERIC_MLP",
    "KINDS",
    "RECURRENT",
    "TRANSPOSED_DECODER",
    "Kind",
    "Need",
]
