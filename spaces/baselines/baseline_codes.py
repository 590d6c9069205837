"""The codes and titles of the baselines."""

from types import MappingProxyType
from typing import Literal

Level = Literal["none", "quick", "tuned"]
"""How much a search does for its baselines."""

NO_LEARNING, LINEAR, TREES = "none", "linear", "trees"
WEIGHTED = "-weighted"
"""The end of the code of a classifier whose rows have class weights."""

NETWORK, TUNED, LONGER = "network", "tuned", "longer"

TITLES = MappingProxyType(
    {
        NO_LEARNING: "no learning",
        LINEAR: "linear",
        TREES: "boosted trees",
        NETWORK: "single-task",
        TUNED: "single-task, tuned",
        LONGER: "single-task, longer",
    }
)
"""The baselines by code, the weakest first."""

NETWORKS = frozenset({NETWORK, TUNED, LONGER})
"""Those that are graphs. The usual network is one of those among which the tuned one is chosen."""


def family(code: str) -> str:
    """The baseline that a code belongs to: `tuned` of `tuned-1`, `linear` of `linear-weighted`, otherwise itself."""
    return code.partition("-")[0]
