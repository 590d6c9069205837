"""Scaling by quantiles as torch modules, in operations that can be exported."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from valp.model.quantiles import Quantiles

BEYOND = float("inf")


class _Knots(nn.Module):
    """Tables of numbers for k variables, each padded to the longest.

    Attributes:
        x: (k, K), padded by infinity. y: (k, K), padded by the last number. last: (k,), the last segment of each.
    """

    def __init__(self, x: Sequence[Sequence[float]], y: Sequence[Sequence[float]]) -> None:
        super().__init__()
        self.x: Tensor
        self.y: Tensor
        self.last: Tensor
        self.first: Tensor
        longest = max(2, *map(len, y))
        self.register_buffer("x", torch.tensor([[*row, *[BEYOND] * (longest - len(row))] for row in x]))
        self.register_buffer("y", torch.tensor([[*row, *[row[-1]] * (longest - len(row))] for row in y]))
        self.register_buffer("last", torch.tensor([max(len(row) - 2, 0) for row in x]))
        self.register_buffer("first", torch.arange(len(y)) * longest)

    def at(self, table: Tensor, places: Tensor) -> Tensor:
        """The numbers of a table at places, (rows, k), of each variable."""
        return table.flatten()[self.first + places]


class Interpolation(_Knots):
    """y at x, linear between the knots and constant beyond them."""

    def forward(self, values: Tensor) -> Tensor:
        """(rows, k) to (rows, k)."""
        below = (values[:, :, None] >= self.x).long().sum(2)
        place = torch.minimum((below - 1).clamp(min=0), self.last)
        low, high = self.at(self.x, place), self.at(self.x, place + 1)
        share = ((values - low) / (high - low)).clamp(0, 1)
        start = self.at(self.y, place)
        return start + share * (self.at(self.y, place + 1) - start)


class Steps(_Knots):
    """y of the interval between the bounds x in which a value lies."""

    def forward(self, values: Tensor) -> Tensor:
        """(rows, k) to (rows, k)."""
        return self.at(self.y, (values[:, :, None] > self.x).long().sum(2))


class ToScores(nn.Module):
    """`valp.model.quantiles.to_scores`."""

    def __init__(self, quantiles: Sequence[Quantiles]) -> None:
        super().__init__()
        self.interpolation = Interpolation([q.values for q in quantiles], [q.scores for q in quantiles])

    def forward(self, values: Tensor) -> Tensor:
        """(rows, k) to (rows, k)."""
        scores: Tensor = self.interpolation(values)
        return scores


class FromScores(nn.Module):
    """`valp.model.quantiles.from_scores`."""

    def __init__(self, quantiles: Sequence[Quantiles]) -> None:
        super().__init__()
        self.interpolation = Interpolation([q.scores for q in quantiles], [q.values for q in quantiles])
        self.steps = Steps([q.bounds or () for q in quantiles], [q.values for q in quantiles])
        self.stepped: Tensor
        self.register_buffer("stepped", torch.tensor([q.bounds is not None for q in quantiles]))

    def forward(self, scores: Tensor) -> Tensor:
        """(rows, k) to (rows, k)."""
        return torch.where(self.stepped, self.steps(scores), self.interpolation(scores))
