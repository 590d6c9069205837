"""Networks that learn AND and XOR: two shared neurons, one output neuron for each task, many networks at once.

Notation: S networks, M tasks, N = 4 examples of 2 inputs, H = 2 shared neurons with a logistic activation. Outputs are
linear. The shared parameters are W (S, H, 2) and b (S, H); those of the tasks are V (S, M, H) and d (S, M).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from valp.train.balance import BALANCERS, GradientBalancer, GroupGradients, LossReach, LossStep, ScheduledBalancer
from valp.train.balance.balance import Value
from valp.train.balance.weighted_gradients import TaskGradients, WeightedGradients

Floats = NDArray[np.float64]

BITS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
INPUTS = 2 * BITS - 1
TASKS = ("AND", "XOR")
SHARED, MOMENTUM = 2, 0.9
DIVERGED = 1e12


@dataclass(frozen=True)
class Trainings:
    """What the trainings of one setting gave, one entry for each seed.

    Attributes:
        epochs: after how many epochs the errors of all tasks were below the limit; None if they never were.
        missed: the tasks whose error was above the limit at the end.
        cosines: the cosine between the gradients of the two tasks at the end of a training that did not converge. −1 is
            a point where no direction lowers both errors. None for one that converged or diverged, or has one task.
    """

    epochs: list[int | None]
    missed: list[list[str]]
    cosines: list[float | None]

    def __add__(self, other: "Trainings") -> "Trainings":
        """These trainings, then others."""
        return Trainings(self.epochs + other.epochs, self.missed + other.missed, self.cosines + other.cosines)


class Networks:
    """S networks with the initial weights of `torch.nn.Linear`, each from its own seed.

    All tasks draw initial weights, so a network has the same ones whichever tasks it learns.
    """

    def __init__(self, seeds: Sequence[int], tasks: Sequence[int], scale: float) -> None:
        bound = 1 / np.sqrt(2)  # both layers have two inputs
        shapes = ((SHARED, 2), (SHARED,), (len(TASKS), SHARED), (len(TASKS),))
        drawn = [[rng.uniform(-bound, bound, shape) for shape in shapes] for rng in map(np.random.default_rng, seeds)]
        w, b, v, d = (np.stack(parts) for parts in zip(*drawn, strict=True))
        self.parameters = [w, b, v[:, list(tasks)], d[:, list(tasks)]]
        self._speeds = [np.zeros_like(part) for part in self.parameters]
        self._truths = np.stack([BITS.all(1) * 1.0, scale * (BITS.sum(1) == 1)])[list(tasks)]

    def errors(self) -> Floats:
        """The mean squared error of each task, (S, M)."""
        found: Floats = (self._run()[1] ** 2).mean(-1)
        return found

    def gradients(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The errors (S, M), and their gradients: by the shared parameters (S, M, 6), by V and by d."""
        hidden, off = self._run()
        v = self.parameters[2]
        slopes = 2 * off / off.shape[-1]
        back = np.einsum("smn,smh->smnh", slopes, v) * (hidden * (1 - hidden))[:, None]
        by_w = np.einsum("smnh,nj->smhj", back, INPUTS).reshape(*v.shape[:2], -1)
        shared = np.concatenate([by_w, back.sum(2)], -1)
        return (off**2).mean(-1), shared, np.einsum("smn,snh->smh", slopes, hidden), slopes.sum(-1)

    def step(self, rate: float, shared: Floats, by_v: Floats, by_d: Floats) -> None:
        """A step of SGD with momentum, along a direction (S, 6) of the shared parameters."""
        by_w, by_b = shared[:, : 2 * SHARED].reshape(-1, SHARED, 2), shared[:, 2 * SHARED :]
        for part, speed, gradient in zip(self.parameters, self._speeds, (by_w, by_b, by_v, by_d), strict=True):
            speed *= MOMENTUM
            speed += gradient
            part -= rate * speed

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drops the other networks."""
        self.parameters = [part[kept] for part in self.parameters]
        self._speeds = [part[kept] for part in self._speeds]

    def _run(self) -> tuple[Floats, Floats]:
        """The shared neurons (S, N, H), and the predictions minus the truths, (S, M, N)."""
        w, b, v, d = self.parameters
        hidden = 1 / (1 + np.exp(-(np.einsum("nj,shj->snh", INPUTS, w) + b[:, None])))
        return hidden, np.einsum("snh,smh->smn", hidden, v) + d[..., None] - self._truths


class Directions:
    """A balancing method of the project in many trainings of the same tasks at once.

    Args:
        method: a code of `BALANCERS`.
        settings: some of its settings.
        tasks: M.
        count: S.
    """

    def __init__(self, method: str, settings: dict[str, Value], tasks: int, count: int) -> None:
        row, reach = BALANCERS[method], LossReach(TASKS[:tasks], (1.0,) * tasks, (False,) * tasks, ())
        self._ones, self._present = torch.ones(tasks, dtype=torch.float64), torch.ones(tasks, dtype=torch.bool)
        self._losses = tuple(range(tasks))
        self._fixed: Floats | None = None
        self._states: list[WeightedGradients] = []
        if isinstance(row, ScheduledBalancer):
            self._fixed = row.weights(self._ones[None], reach, row.completed(settings)).numpy()[0]
        elif isinstance(row, GradientBalancer):
            states = [row.begin(reach, row.completed(settings), torch.device("cpu")) for _ in range(count)]
            self._states = [state for state in states if isinstance(state, WeightedGradients)]

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Drops the other trainings."""
        self._states = [state for state, keep in zip(self._states, kept, strict=False) if keep]

    def __call__(self, errors: Floats, gradients: Floats) -> Floats:
        """The directions (S, 6) for errors (S, M) and gradients (S, M, 6)."""
        if self._fixed is not None:
            weighted: Floats = np.einsum("m,smp->sp", self._fixed, gradients)
            return weighted
        norms, losses = np.linalg.norm(gradients, axis=2), torch.from_numpy(errors)
        return np.stack([self._one(*one) for one in zip(self._states, losses, gradients, norms, strict=True)])

    def _one(self, state: WeightedGradients, losses: torch.Tensor, gradients: Floats, norms: Floats) -> Floats:
        step = LossStep(losses, self._ones, lambda: self._present)
        if norms.all():  # what `direction` does, without its way to torch and back
            return state.weights(step, TaskGradients(0, self._losses, gradients, norms)) @ gradients
        found: Floats = state.direction(step, GroupGradients(0, self._losses, torch.from_numpy(gradients))).numpy()
        return found


def train(
    tasks: Sequence[int],
    method: str,
    settings: dict[str, Value],
    scale: float,
    rate: float,
    seeds: Sequence[int],
    most: int,
    limit: float,
) -> Trainings:
    """Trains a network for each seed, on all four examples in each epoch, until its errors are below a limit.

    Args:
        tasks: indices into `TASKS`.
        method, settings: the balancing method.
        scale: c, by which the labels of XOR are multiplied.
        rate: the learning rate.
        seeds: the seeds.
        most: the number of epochs after which a training ends.
        limit: the error that each task must fall below.
    """
    networks = Networks(seeds, tasks, scale)
    directions = Directions(method, settings, len(tasks), len(seeds))
    left = np.arange(len(seeds))
    epochs: list[int | None] = [None] * len(seeds)
    last = np.full((len(seeds), len(tasks)), np.inf)
    with np.errstate(all="ignore"):  # a training may diverge
        for epoch in range(1, most + 1):
            errors, shared, by_v, by_d = networks.gradients()
            networks.step(rate, shared[:, 0] if len(tasks) == 1 else directions(errors, shared), by_v, by_d)
            errors = networks.errors()
            reached = np.all(errors < limit, axis=1)
            for seed in left[reached]:
                epochs[seed] = epoch
            kept: NDArray[np.bool_] = np.asarray(~reached & np.all(errors < DIVERGED, axis=1))
            last[left] = errors
            if not kept.all():
                networks.keep(kept)
                directions.keep(kept)
                left = left[kept]
            if not len(left):
                break
        cosines: list[float | None] = [None] * len(seeds)
        if len(left) and len(tasks) > 1:
            ends = networks.gradients()[1]
            unit = ends / np.linalg.norm(ends, axis=2, keepdims=True)
            for seed, cosine in zip(left, (unit[:, 0] * unit[:, 1]).sum(1), strict=True):
                cosines[seed] = round(float(cosine), 4)
    names = [TASKS[task] for task in tasks]
    missed = [[name for name, error in zip(names, errors, strict=True) if not error < limit] for errors in last]
    return Trainings(epochs, missed, cosines)
