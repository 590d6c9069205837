"""The problem sine: noisy periodic signals. A synthetic sequence problem with one output of each kind."""

import numpy as np
from numpy.typing import NDArray

from valp.spaces.problem.problem import Problem, discrete, features, numeric, samples

ROWS = 6_000
STEPS = 32
SLOWEST, FASTEST = 1.0, 4.0
"""Periods in the 32 steps. At the fastest, a period has eight steps."""

NOISE = 0.05
"""The standard deviation of the noise. The clean wave goes from 0 to 1."""

SHAPES = ("sine", "square", "triangle", "sawtooth")


def sine(title: str = "") -> Problem:
    """From 32 noisy steps: the frequency (in periods), the shape, and the clean wave to generate.

    It has 4,200 / 900 / 900 rows.
    """
    rng = np.random.default_rng(0)
    frequency = rng.uniform(SLOWEST, FASTEST, ROWS)
    phase = rng.random(ROWS)
    shape = rng.permutation(np.arange(ROWS) % len(SHAPES))
    wave = waves(shape, frequency, phase)
    signal = wave + rng.normal(0, NOISE, wave.shape)
    return Problem.from_arrays(
        "sine",
        title=title,
        inputs={"signal": features(signal[:, None], scale="none")},
        outputs={
            "frequency": numeric(
                frequency[:, None], offset=(FASTEST + SLOWEST) / 2, scale=(FASTEST - SLOWEST) / 2, loss="mse"
            ),
            "shape": discrete(shape, classes=SHAPES),
            "wave": samples(wave, scale="none", loss="bernoulli"),
        },
    )


def waves(shape: NDArray[np.int64], frequency: NDArray[np.float64], phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Waves between 0 and 1, (n, 32).

    Args:
        shape: (n,) indices into `SHAPES`.
        frequency: (n,) periods in the 32 steps.
        phase: (n,) in periods.
    """
    place = (frequency[:, None] * np.arange(STEPS) / STEPS + phase[:, None]) % 1
    all_shapes = np.stack([(1 + np.sin(2 * np.pi * place)) / 2, place < 0.5, 1 - abs(2 * place - 1), place])
    chosen: NDArray[np.float64] = all_shapes[shape, np.arange(len(shape))]
    return chosen
