"""The strategies, one row each."""

from valp.search.strategies.evolution import EVOLUTIONS
from valp.search.strategies.optuna_samplers import SAMPLER_STRATEGIES
from valp.search.strategies.random_search import RandomSearch
from valp.search.strategies.strategy import Question, Strategy

ALL = (*EVOLUTIONS, RandomSearch(), *SAMPLER_STRATEGIES)
STRATEGIES: dict[str, Strategy] = {strategy.code: strategy for strategy in ALL}

__all__ = ["STRATEGIES", "Question", "Strategy"]
