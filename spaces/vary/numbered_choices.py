"""Unique names for the decisions of one mutation or crossover."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from valp.spaces.generate.choose import Choose

T = TypeVar("T")

AGAIN = "again"
"""The end of a decision's name if it is made because an earlier choice was not possible."""


class Numbered(Choose):
    """Delegates decisions to another `Choose` as `prefix.number.name`, so that a name can be used several times.

    Args:
        choose: makes and records the decisions.
        prefix: the prefix of their names. A number is appended if `choose` already has decisions with this prefix.
    """

    def __init__(self, choose: Choose, prefix: str) -> None:
        super().__init__()
        self._choose, self._count = choose, 0
        self._prefix, calls = prefix, 1
        while any(name.startswith(f"{self._prefix}.") for name in choose.decisions):
            calls += 1
            self._prefix = f"{prefix}{calls}"

    def integer(self, name: str, low: int, high: int, *, log_scale: bool = False) -> int:
        """See `Choose`."""
        return self._choose.integer(self._named(name), low, high, log_scale=log_scale)

    def real(self, name: str, low: float, high: float, *, log_scale: bool = False) -> float:
        """See `Choose`."""
        return self._choose.real(self._named(name), low, high, log_scale=log_scale)

    def flag(self, name: str, probability: float) -> bool:
        """See `Choose`."""
        return self._choose.flag(self._named(name), probability)

    def subset(self, name: str, size: int, count: int) -> tuple[int, ...]:
        """See `Choose`."""
        return self._choose.subset(self._named(name), size, count)

    def draw_integer(self, name: str, low: int, high: int, log_scale: bool) -> int:
        """See `Choose`."""
        return self._choose.draw_integer(self._named(name), low, high, log_scale)

    def draw_real(self, name: str, low: float, high: float, log_scale: bool) -> float:
        """See `Choose`."""
        return self._choose.draw_real(self._named(name), low, high, log_scale)

    def _named(self, name: str) -> str:
        self._count += 1
        return f"{self._prefix}.{self._count}.{name}"


def in_random_order(choose: Choose, name: str, options: Sequence[T]) -> Iterator[T]:
    """The options in random order. Each is drawn when it is needed."""
    left = list(options)
    while left:
        yield left.pop(choose.integer(name, 0, len(left) - 1))
        name = name if name.endswith(AGAIN) else f"{name}.{AGAIN}"
