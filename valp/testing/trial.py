"""What the contract tests share: rows that are added for a while, random choices, and small data."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import exp, log
from random import Random
from typing import TypeVar

import torch
from torch import Tensor

from valp.graph.graph import DataType, DataUnit, Graph
from valp.parts.losses import LOSSES, LossKind

T = TypeVar("T")

BATCH = 5


def must(condition: bool, sentence: str) -> None:
    """Raises an `AssertionError` with this sentence if the condition does not hold."""
    if not condition:
        raise AssertionError(sentence)


@contextmanager
def added(rows: dict[str, T], code: str, row: T) -> Iterator[None]:
    """Adds a row to a table for the length of a `with` block, unless it is there already.

    Raises:
        AssertionError: if another row has the code.
    """
    must(rows.get(code, row) is row or type(rows[code]) is type(row), f"code {code!r} must be free, but is taken")
    before = rows.get(code)
    rows[code] = row
    try:
        yield
    finally:
        if before is None:
            del rows[code]
        else:
            rows[code] = before


class RandomChoices:
    """The `Choices` of trials: random decisions from a seed."""

    def __init__(self, seed: int | str) -> None:
        self._random = Random(seed)

    def integer(self, name: str, low: int, high: int, *, log_scale: bool = False) -> int:
        """See `valp.parts.design.Choices`."""
        return min(high, int(self.real(name, low, high + 1, log_scale=log_scale)))

    def real(self, name: str, low: float, high: float, *, log_scale: bool = False) -> float:  # noqa: ARG002 - by order
        """See `valp.parts.design.Choices`."""
        u = self._random.random()
        return exp(log(low) + u * (log(high) - log(low))) if log_scale else low + u * (high - low)

    def category(self, name: str, options: Sequence[T]) -> T:
        """See `valp.parts.design.Choices`."""
        return options[self.integer(name, 0, len(options) - 1)]

    def flag(self, name: str, probability: float) -> bool:
        """See `valp.parts.design.Choices`."""
        return self.real(name, 0, 1) < probability


@dataclass(frozen=True)
class SmallRanges:
    """The `Ranges` of trials: small networks that train quickly, with smooth activations."""

    hidden_layers: tuple[int, int] = (1, 2)
    units: tuple[int, int] = (4, 8)
    output_units: tuple[int, int] = (2, 6)
    convolutions: tuple[int, int] = (1, 2)
    channels: tuple[int, int] = (2, 4)
    kernels: tuple[int, ...] = (1, 3)
    recurrences: tuple[int, int] = (1, 2)
    normalise: float = 0.3
    log_scale: bool = False
    uniform_layers: bool = False
    activations: tuple[str, ...] = ("tanh", "softplus")
    initializers: tuple[str, ...] = ("xavier", "normal")


def loss_for(unit: DataUnit) -> str:
    """The code of a loss that compares units of this type."""
    return next(code for code, loss in LOSSES.items() if unit.type in loss.takes and not loss.critic)


def truth_for(loss: LossKind, unit: DataUnit, generator: torch.Generator) -> Tensor:
    """A batch of ground truths of a unit, as a loss reads them."""
    size = (BATCH, unit.size)
    if loss.truth == "classes":
        return torch.randint(unit.size, (BATCH,), generator=generator)
    if loss.truth == "labels":
        return torch.randint(2, size, generator=generator).float()
    return torch.rand(size, generator=generator) * 0.8 + 0.1


def batch_for(graph: Graph, seed: int = 0) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Random inputs and ground truths of a graph, by name."""
    generator = torch.Generator().manual_seed(seed)
    inputs = {part.name: torch.randn(BATCH, part.unit.size, generator=generator) for part in graph.inputs}
    losses = {loss.truth: LOSSES[loss.kind] for loss in graph.losses if loss.truth is not None}
    return inputs, {part.name: truth_for(losses[part.name], part.unit, generator) for part in graph.outputs}


def vector(unit_type: DataType | str, size: int) -> DataUnit:
    """A unit without a spatial size."""
    return DataUnit(type=unit_type, shape=(size,))
