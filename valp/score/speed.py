"""How fast a model predicts, on one thread."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from statistics import median

import torch
from torch import Tensor

from valp.compile.module import VALPModule

BATCH = 256
"""Rows per pass of `inferences_per_second`."""

SECONDS = 0.025
"""Passes are timed for this long, but for at least `FEWEST` passes."""

FEWEST = 3


def latency(module: VALPModule, inputs: Mapping[str, Tensor]) -> float:
    """Milliseconds from one row to its outputs, in `predict` mode on one thread: the median of repeated passes.

    Args:
        module: the model.
        inputs: (n, size) for each input, n ≥ 1.
    """
    return 1000 * median(_pass_seconds(module, inputs, 1))


def inferences_per_second(module: VALPModule, inputs: Mapping[str, Tensor]) -> float:
    """Rows predicted per second, in batches of `BATCH` in `predict` mode on one thread; the fastest batch counts.

    Other load on the machine can only make a batch slower.

    Args:
        module: the model.
        inputs: (n, size) for each input, n ≥ 1; rows are repeated if there are fewer than `BATCH`.
    """
    return BATCH / min(_pass_seconds(module, inputs, BATCH))


@torch.inference_mode()
def _pass_seconds(module: VALPModule, inputs: Mapping[str, Tensor], count: int) -> list[float]:
    """The durations of repeated passes of `count` rows, after a warm-up pass."""
    taken = {name: inputs[name][torch.arange(count) % len(inputs[name])] for name in module.plan.inputs}
    seconds: list[float] = []
    module.eval()
    with _one_thread():
        module(taken, "predict")
        end = time.perf_counter() + SECONDS
        while len(seconds) < FEWEST or time.perf_counter() < end:
            start = time.perf_counter()
            module(taken, "predict")
            seconds.append(time.perf_counter() - start)
    return seconds


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
