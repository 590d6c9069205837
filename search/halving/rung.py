"""A rung of successive halving with several objectives: which of the trials that reach it continue."""

from collections.abc import Sequence
from math import ceil, isfinite

import numpy as np

from valp.search.pareto.layers import Layers
from valp.search.pareto.tie_breaks import TIE_BREAKS, TieBreak

DEFAULT_TIES = "crowding"
"""The default of `TIE_BREAKS`; docs/halving-measured.md compares them."""


class Rung:
    """The losses of the trials that have reached a rung, in the order of their arrival.

    A trial continues if it is among the best 1/η of all that have reached the rung so far, itself included. Lower
    non-dominated layers are better, and a tie-break decides within a layer. No trial waits for others (Li et al. 2020,
    asynchronous successive halving), so the first η − 1 trials continue whatever their losses.

    Args:
        objectives: the number of objectives.
        factor: η, more than 1.
        ties: decides within a layer that has no room for all its points.
    """

    def __init__(self, objectives: int, factor: float, ties: TieBreak = TIE_BREAKS[DEFAULT_TIES]) -> None:
        self._factor, self._ties = factor, ties
        self._layers = Layers(objectives)
        self._reached = 0

    def __len__(self) -> int:
        return self._reached

    def reach(self, losses: Sequence[float]) -> bool:
        """Adds a trial. Returns whether it continues.

        A trial with a loss that is not finite does not continue, and counts as one of the trials at the rung.

        Args:
            losses: its objectives, all minimised.
        """
        self._reached += 1
        if not all(map(isfinite, losses)):
            return False
        row = self._layers.add(np.asarray(losses, dtype=float))
        return self._reached < self._factor or self._is_among(row, ceil(self._reached / self._factor - 1e-9))

    def fill(self, losses: Sequence[Sequence[float]]) -> None:
        """Adds trials whose decisions were taken earlier."""
        for each in losses:
            self._reached += 1
            if all(map(isfinite, each)):
                self._layers.add(np.asarray(each, dtype=float))

    def _is_among(self, row: int, count: int) -> bool:
        """Whether a row is among the best rows."""
        room = count
        for layer in self._layers.first(count):
            if row in layer:
                if len(layer) <= room:
                    return True
                return row in layer[self._ties(self._layers.points[layer], room)]
            room -= len(layer)
        return False
