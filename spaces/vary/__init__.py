"""Mutation and crossover: candidates made from others. `check` accepts them by construction.

A parent becomes a `Revision`, which is a draft of Algorithm 1. Moves edit it. Networks that then feed no output are
dropped, and components without a source get one, as in the completion of Algorithm 1.
"""

from valp.spaces.vary.crossover import cross
from valp.spaces.vary.moves import MOVES, Move
from valp.spaces.vary.mutation import mutate
from valp.spaces.vary.variation import Variation

__all__ = ["MOVES", "Move", "Variation", "cross", "mutate"]
