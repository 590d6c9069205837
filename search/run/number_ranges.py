"""Ascending numbers as a short text, such as `0-4,7`."""

from collections.abc import Iterable


def ranges_without(count: int, without: Iterable[int]) -> str:
    """The numbers from 0 to below `count`, without some of them, as text with ranges, such as `0-4,7`."""
    parts, low = list[str](), 0
    for gap in [*sorted(without), count]:
        if gap > low:
            parts.append(f"{low}-{gap - 1}" if gap - 1 > low else f"{low}")
        low = gap + 1
    return ",".join(parts)


def from_ranges(text: str) -> list[int]:
    """The numbers in a text that `ranges_without` made."""
    bounds = [part.partition("-") for part in text.split(",") if part]
    return [number for low, _, high in bounds for number in range(int(low), int(high or low) + 1)]
