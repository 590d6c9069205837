"""`Marks`: what a picture shows about components besides the graph itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Marks:
    """Additions to a picture of a graph, in the markup of Graphviz's labels.

    Attributes:
        below: by component, a table that is drawn below its text.
        legend: further columns of the legend: by topic, its entries, each a sample and a text; see
            `valp.draw.legend.entry`.
    """

    below: Mapping[str, str] = field(default_factory=dict)
    legend: Mapping[str, Sequence[str]] = field(default_factory=dict)
