"""The data types: the four of Garciarena et al., and a user's own (Garciarena et al., VI-A)."""

from dataclasses import dataclass

from valp.graph.graph import DataType
from valp.graph.plugin_table import PluginTable


@dataclass(frozen=True)
class OwnType:
    """A data type that a user adds. It expresses expert knowledge about which networks may follow which.

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        like: the type whose numbers it holds. It is prepared, compared with a ground truth, scored and merged with
            other types like that one.
        taken_by: the codes of the kinds that take it, in the roles in which they take `like`. Kinds that take anything
            take it as well.
        made_by: the codes of the kinds that may produce it, among those that can produce `like`.
        received: if given, a network that produces it must receive one of these types.
    """

    code: str
    title: str
    like: DataType
    taken_by: frozenset[str] = frozenset()
    made_by: frozenset[str] = frozenset()
    received: frozenset[str] | None = None


OWN_TYPES = PluginTable("valp.types", OwnType, (), taken=frozenset(DataType))
"""The users' own types by code."""


def like(unit_type: DataType | str) -> DataType | None:
    """The type of Garciarena et al. that a type is, or is like; None for an unknown type."""
    if isinstance(unit_type, DataType):
        return unit_type
    own = OWN_TYPES.get(unit_type)
    return None if own is None else own.like
