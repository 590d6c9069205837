"""`Choose`, the only source of decisions. One algorithm thus works for random search, samplers, replay and tests.

Every decision has a name, `slot.field` or `slot.field.detail`, which is the same in every candidate.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import exp, log
from random import Random
from typing import TypeVar

import numpy as np

T = TypeVar("T")
Decision = bool | int | float
"""The recorded value of a decision: an index, a number, a flag, or the seed of a subset."""

SEEDS = 2**31
"""Seeds are integers in [0, SEEDS)."""


class Choose(ABC):
    """Makes decisions, and records each under its name in `decisions`.

    A subclass implements `draw_integer` and `draw_real`. All other methods are based on these.
    """

    def __init__(self) -> None:
        self.decisions: dict[str, Decision] = {}

    @abstractmethod
    def draw_integer(self, name: str, low: int, high: int, log_scale: bool) -> int:
        """Draws an integer in [low, high]."""

    @abstractmethod
    def draw_real(self, name: str, low: float, high: float, log_scale: bool) -> float:
        """Draws a number in [low, high)."""

    def integer(self, name: str, low: int, high: int, *, log_scale: bool = False) -> int:
        """An integer in [low, high], uniform or log-uniform."""
        self.decisions[name] = value = low if low == high else self.draw_integer(name, low, high, log_scale)
        return value

    def real(self, name: str, low: float, high: float, *, log_scale: bool = False) -> float:
        """A number in [low, high), uniform or log-uniform; `low` if both are equal."""
        self.decisions[name] = value = low if low == high else self.draw_real(name, low, high, log_scale)
        return value

    def category(self, name: str, options: Sequence[T]) -> T:
        """One of the options, each equally likely."""
        return options[self.integer(name, 0, len(options) - 1)]

    def flag(self, name: str, probability: float) -> bool:
        """True with this probability."""
        self.decisions[name] = value = self.draw_real(name, 0.0, 1.0, False) < probability
        return value

    def subset(self, name: str, size: int, count: int) -> tuple[int, ...]:
        """`count` distinct numbers below `size`, ascending. Each subset is equally likely. Its seed is recorded."""
        keys = np.random.Generator(np.random.SFC64(self.integer(name, 0, SEEDS - 1))).random(size)
        return tuple(np.sort(keys.argpartition(count - 1)[:count]).tolist())


class RandomChoose(Choose):
    """Decides at random, from a seed."""

    def __init__(self, seed: int | str) -> None:
        super().__init__()
        self._random = Random(seed)

    def draw_integer(self, name: str, low: int, high: int, log_scale: bool) -> int:  # noqa: ARG002
        """See `Choose`."""
        u = self._random.random()
        return spread(u, low, high) if log_scale else low + int(u * (high - low + 1))

    def draw_real(self, name: str, low: float, high: float, log_scale: bool) -> float:  # noqa: ARG002
        """See `Choose`."""
        return scaled(self._random.random(), low, high, log_scale)


class RecordedChoose(Choose):
    """Repeats recorded decisions.

    Raises:
        KeyError: if a decision was not recorded.
    """

    def __init__(self, decisions: Mapping[str, Decision]) -> None:
        super().__init__()
        self._recorded = decisions

    def draw_integer(self, name: str, low: int, high: int, log_scale: bool) -> int:  # noqa: ARG002
        """See `Choose`."""
        return int(self._recorded[name])

    def draw_real(self, name: str, low: float, high: float, log_scale: bool) -> float:  # noqa: ARG002
        """See `Choose`."""
        return float(self._recorded[name])

    def flag(self, name: str, probability: float) -> bool:  # noqa: ARG002
        """The recorded flag, regardless of the probability."""
        self.decisions[name] = value = bool(self._recorded[name])
        return value


def scaled(u: float, low: float, high: float, log_scale: bool) -> float:
    """Maps u in [0, 1) to [low, high), on a linear or logarithmic scale."""
    if log_scale:
        return exp(log(low) + u * (log(high) - log(low)))
    return low + u * (high - low)


def spread(u: float, low: int, high: int) -> int:
    """Maps u in [0, 1) to integers in [low, high], on a logarithmic scale."""
    return min(high, int(scaled(u, low, high + 1, True)))
