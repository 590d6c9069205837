"""Inferences per second, measured while the report is made."""

import time

import torch

from valp.compile.module import VALPModule
from valp.spaces.problem.problem import Split

BATCH = 256
SECONDS = 0.15
"""A model is measured for so long."""


@torch.inference_mode()
def inferences_per_second(module: VALPModule, split: Split) -> float:
    """Rows a second that a model predicts, in batches of `BATCH` on one thread; the fastest batch counts.

    Whatever else the machine does makes a batch slower, never faster.
    """
    rows = torch.arange(BATCH) % len(split)
    inputs = {name: split.inputs[name][rows] for name in module.plan.inputs}
    module.eval()
    module(inputs, "predict")
    fastest, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        module(inputs, "predict")
        fastest = min(fastest, time.perf_counter() - start)
    return BATCH / fastest
