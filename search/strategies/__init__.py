"""The strategies, one row each."""

from search.strategies.base import Question, Strategy
from search.strategies.evolution import EVOLUTIONS
from search.strategies.random import RandomSearch
from search.strategies.samplers import SAMPLER_STRATEGIES

ALL = (*EVOLUTIONS, RandomSearch(), *SAMPLER_STRATEGIES)
STRATEGIES: dict[str, Strategy] = {strategy.code: strategy for strategy in ALL}

__all__ = ["STRATEGIES", "Question", "Strategy"]
