"""How near generated samples are to training rows and to held-out rows."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

ROWS = 1024
"""Rows per block of distances."""

ROUNDING = 1e-5
"""The relative difference below which two squared distances count as equal."""

PARTS = 40
"""The parts into which held-out rows are divided at random."""


@dataclass(frozen=True)
class Nearest:
    """The squared distances of n samples to the nearest row, each minus a constant of the sample.

    Attributes:
        to_train: (n,), to N training rows.
        to_held: (n, parts), to the H held-out rows of each part.
        train: N.
        part_of: (H,), the part of each held-out row.
    """

    to_train: Tensor
    to_held: Tensor
    train: int
    part_of: Tensor

    @property
    def memorising(self) -> float:
        """See `valp.score.generation_scores.memorising`."""
        to_held, held = self.to_held.amin(1), len(self.part_of)
        equal = (self.to_train - to_held).abs() <= ROUNDING * (self.to_train.abs() + to_held.abs() + 1)
        share = torch.where(equal, 0.5, (to_held < self.to_train).double()).mean().item()
        return max(0.0, 1 - share / 2 * (self.train + held) / held)

    def rows_of(self, parts: Tensor) -> Tensor:
        """The numbers of the held-out rows in some parts."""
        return torch.isin(self.part_of, parts).nonzero()[:, 0]

    def part(self, parts: Tensor) -> "Nearest":
        """The same for the held-out rows of some parts."""
        return Nearest(self.to_train, self.to_held[:, parts], self.train, self.part_of[self.rows_of(parts)])


def nearest(train: Tensor, held: Tensor, samples: Tensor) -> Nearest:
    """Compares samples (n, d) with training rows (N, d) and held-out rows (H, d)."""
    parts = min(PARTS, len(held))
    part_of = torch.randperm(len(held), generator=torch.Generator().manual_seed(0)) % parts
    to_held = [_to_nearest(samples, held[part_of == part]) for part in range(parts)]
    return Nearest(_to_nearest(samples, train), torch.stack(to_held, 1), len(train), part_of)


def _to_nearest(samples: Tensor, rows: Tensor) -> Tensor:
    """The squared distance of each sample to the nearest row, minus a constant of the sample, (n,)."""
    found = torch.full((len(samples),), math.inf, dtype=rows.dtype)
    for block in range(0, len(rows), ROWS):
        some = rows[block : block + ROWS]
        between = torch.addmm(some.square().sum(1)[None], samples.to(rows.dtype), some.T, alpha=-2)
        found = torch.minimum(found, between.amin(1))
    return found
