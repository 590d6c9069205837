"""The data types: the paper's four, and a user's own with their typing rows (Garciarena et al., VI-A)."""

from dataclasses import dataclass

from valp.graph.graph import DataType
from valp.graph.plugin_table import PluginTable


@dataclass(frozen=True)
class OwnType:
    """A data type that a user adds: expert knowledge about what may follow what.

    Attributes:
        code: its name in a graph.
        title: its name in prose.
        like: the type whose numbers it holds: it is prepared, compared with a ground truth and scored like that one,
            and counts as that type where it meets others.
        taken_by: the codes of the kinds that take it, in the roles in which they take `like`; kinds that take
            anything take it as well.
        made_by: the codes of the kinds that may produce it: of those that could produce `like`.
        received: if given, one of these types must have reached a network that produces it.
    """

    code: str
    title: str
    like: DataType
    taken_by: frozenset[str] = frozenset()
    made_by: frozenset[str] = frozenset()
    received: frozenset[str] | None = None


OWN_TYPES = PluginTable("valp.types", OwnType, (), taken=frozenset(DataType))
"""The users' own types by their code."""


def like(unit_type: DataType | str) -> DataType | None:
    """The paper's type that a type is, or is like; None for an unknown one."""
    if isinstance(unit_type, DataType):
        return unit_type
    own = OWN_TYPES.get(unit_type)
    return None if own is None else own.like
