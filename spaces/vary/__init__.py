"""Mutation and crossover: candidates made of others, accepted by `check` by construction.

A parent becomes a `Revision`, which is a draft of Algorithm 1; moves edit it; what then feeds nothing is dropped, and
what lacks a source is served as Algorithm 1 completes a graph.
"""

from valp.spaces.vary.crossover import cross
from valp.spaces.vary.moves import MOVES, Move
from valp.spaces.vary.mutation import mutate
from valp.spaces.vary.variation import Variation

__all__ = ["MOVES", "Move", "Variation", "cross", "mutate"]
