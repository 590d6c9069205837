"""Ascending numbers as a short text, such as `0-4,7`."""

from collections.abc import Sequence


def ranges(numbers: Sequence[int]) -> str:
    """Ascending integers as text with ranges, such as `0-4,7`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{a}-{b}" if b > a else f"{a}" for a, b in parts)


def from_ranges(text: str) -> list[int]:
    """The numbers in a text that `ranges` made."""
    bounds = [part.partition("-") for part in text.split(",") if part]
    return [number for low, _, high in bounds for number in range(int(low), int(high or low) + 1)]
