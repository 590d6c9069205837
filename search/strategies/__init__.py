"""The strategies, one file and one row each: each proposes the next candidate of a search."""

from valp.graph.plugin_table import PluginTable
from valp.search.strategies.evolution import EVOLUTIONS
from valp.search.strategies.optuna_samplers import SAMPLER_STRATEGIES
from valp.search.strategies.random_search import RandomSearch
from valp.search.strategies.strategy import Question, Strategy

STRATEGIES: PluginTable[Strategy] = PluginTable(
    "valp.strategies",
    Strategy,  # type: ignore[type-abstract] # no instance is made of it
    (*EVOLUTIONS, RandomSearch(), *SAMPLER_STRATEGIES),
)
"""By code. A row of another package is an entry point of the group `valp.strategies`."""

__all__ = ["STRATEGIES", "Question", "Strategy"]
