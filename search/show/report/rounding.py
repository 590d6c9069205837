"""Rounds numbers to the digits that the page needs."""

from collections.abc import Iterable
from math import isfinite
from typing import overload

DIGITS = 5


@overload
def rounded(value: float, digits: int = DIGITS) -> float: ...


@overload
def rounded(value: Iterable[float], digits: int = DIGITS) -> list[float]: ...


def rounded(value: float | Iterable[float], digits: int = DIGITS) -> float | list[float]:
    """A number, or each of several, rounded to this many significant digits. A number that is not finite becomes 0."""
    if isinstance(value, int | float):
        return float(f"{value:.{digits}g}") if isfinite(value) else 0.0
    return [rounded(one, digits) for one in value]
