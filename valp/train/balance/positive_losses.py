"""Losses as positive numbers, for methods that take a ratio or a logarithm of them."""

LEAST = 1e-8
"""What a loss of 0 counts as."""


class PositiveLosses:
    """The values of losses, shifted where a loss can be negative (a likelihood can).

    While no value of a loss was negative, a value stays as it is, but counts as `LEAST` at least. After a negative
    value, each value L counts as L − (the lowest value so far) + 1: at its best so far, a loss counts as 1, whose
    logarithm is 0.
    """

    def __init__(self) -> None:
        self._lowest: dict[int, float] = {}

    def see(self, loss: int, value: float) -> None:
        """Notes a value of a loss."""
        self._lowest[loss] = min(value, self._lowest.get(loss, value))

    def of(self, loss: int, value: float) -> float:
        """A value of a loss as a positive number. The loss was seen before; the value may be lower than all seen."""
        lowest = self._lowest[loss]
        return max(value if lowest >= 0 else value - lowest + 1, LEAST)
