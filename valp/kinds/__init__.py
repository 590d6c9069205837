"""The kinds of primary network (002, III-B): one file and one row each."""

from valp.kinds.base import Kind
from valp.kinds.decoder import Decoder
from valp.kinds.discretizer import Discretizer
from valp.kinds.generic import GenericMLP

KINDS: dict[str, Kind] = {kind.code: kind for kind in (GenericMLP(), Discretizer(), Decoder())}

__all__ = ["KINDS", "Kind"]
