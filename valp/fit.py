"""`fit`: trains a compiled VALP on tensors in memory with Adam."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from valp.critic import critics_of
from valp.errors import SettingError
from valp.module import VALPModule

CURVE_POINTS = 100
"""A learning curve has about this many points; each is the mean over the steps since the one before."""


@dataclass(frozen=True)
class Curves:
    """Learning curves: the mean of each loss term, without its β, over the steps since the point before.

    Attributes:
        names: total, then the module's loss terms.
        steps: the last step of each point, from 1.
        values: (points, names).
    """

    names: tuple[str, ...]
    steps: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Fit:
    """What a training left besides the weights, which are in the module.

    Attributes:
        curves: the learning curves.
        samples_seen: steps made × batch.
        seconds: wall time.
        failure: why it stopped early; None if it did not.
    """

    curves: Curves
    samples_seen: int
    seconds: float
    failure: str | None = None


def fit(
    module: VALPModule,
    inputs: Mapping[str, Tensor],
    truths: Mapping[str, Tensor],
    *,
    weights: Mapping[str, Tensor] | None = None,
    steps: int,
    batch: int = 50,
    learning_rate: float = 1e-3,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Fit:
    """Trains the module in place: Adam on Σ β_j·L_j.

    The order of the examples and the noise follow from `seed`; torch's global generator is left alone. Every
    example is seen once before any is seen again. A loss that is not a number ends the training, with its reason.
    For speed call `one_thread` once in the process.

    Args:
        module: a compiled VALP, on the device of the tensors.
        inputs: (n, size) for each model input.
        truths: (n, size) for each output; (n,) int64 classes for a Discrete one.
        weights: by output, what each label counts, (n,) or (n, size); 0 for a missing one. All alike where there are
            none.
        steps: the number of steps.
        batch: examples a step; at most n are taken.
        learning_rate: of Adam.
        seed: of order and noise.
        progress: called with the number of steps made, as often as a curve gets a point.

    Raises:
        SettingError: if `steps`, `batch` or `learning_rate` is not positive.
    """
    for name, value in (("steps", steps), ("batch", batch), ("learning rate", learning_rate)):
        if not value > 0:
            raise SettingError(f"the {name} must be positive, but is {value}")
    start = time.perf_counter()
    count = len(next(iter(truths.values())))
    device = next(module.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(module.parameters(), lr=learning_rate, fused=True)
    every = max(1, steps // CURVE_POINTS)
    names = ("total", *module.loss_names)
    sums = torch.zeros(len(names), device=device)
    points: list[int] = []
    values: list[tuple[float, ...]] = []
    failure, since, size = None, 0, min(batch, count)
    weights = weights or {}
    critics = critics_of(module, seed)
    module.train()
    batches = _batches(count, size, generator)
    for step in range(1, steps + 1):
        rows = next(batches).to(device)
        x = {name: tensor.index_select(0, rows) for name, tensor in inputs.items()}
        y = {name: tensor.index_select(0, rows) for name, tensor in truths.items()}
        w = {name: tensor.index_select(0, rows) for name, tensor in weights.items()}
        total, terms = module.losses(x, y, _noise(module, size, generator, device), w, critics)
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call] # torch leaves it unannotated
        optimizer.step()
        sums[0] += total.detach()
        sums[1:] += terms.detach()
        since += 1
        if step % every == 0 or step == steps:
            means = (sums / since).tolist()
            points.append(step)
            values.append(tuple(means))
            if not all(map(_is_finite, means)):
                wrong = [name for name, mean in zip(names, means, strict=True) if not _is_finite(mean)]
                failure = f"the loss is not a finite number after {step} steps ({', '.join(wrong)})"
                break
            sums.zero_()
            since = 0
            if progress is not None:
                progress(step)
    module.eval()
    curves = Curves(names, tuple(points), tuple(values))
    return Fit(curves, points[-1] * size, time.perf_counter() - start, failure)


def one_thread() -> None:
    """What a process that trains candidates sets first: one thread, and no denormal numbers.

    Adam's moments decay into denormals, which would double the time of a step after some thousand steps.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    order = torch.empty(0, dtype=torch.int64)
    while True:
        while len(order) < size:
            order = torch.cat([order, torch.randperm(count, generator=generator)])
        yield order[:size]
        order = order[size:]


def _noise(module: VALPModule, size: int, generator: torch.Generator, device: torch.device) -> dict[str, Tensor]:
    return {
        connection: torch.randn(size, k, generator=generator).to(device) for connection, k in module.plan.noise.items()
    }


def _is_finite(value: float) -> bool:
    return value - value == 0
