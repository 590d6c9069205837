"""`fit`: trains a compiled VALP on tensors in memory."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.errors import SettingError
from valp.plan.plan import EXECUTORS, Executor
from valp.train.balance import balancer_of, completed
from valp.train.balance.balance import Balance, Value
from valp.train.balance.balancer import Balancer
from valp.train.balance.loss_reach import LossReach, loss_reach
from valp.train.batches import Draws
from valp.train.fit_priors import fit_priors
from valp.train.optimizer import OPTIMIZERS, Optimizer
from valp.train.schedule import Schedule
from valp.train.step_observer import StepObserver
from valp.train.stopwatch import Stopwatch
from valp.train.torch_executor import TorchExecutor

if TYPE_CHECKING:
    from valp.train.native.executor import NativeExecutor

CURVE_POINTS = 100
"""A learning curve has about this many points. Each is the mean over the steps since the previous one."""

UNBALANCED = Balance()
"""The default balancing method: the β of the graph."""


@dataclass(frozen=True)
class Curves:
    """Learning curves: the mean of each loss term, without its β, over the steps since the previous point.

    Attributes:
        names: `total`, the sum of the terms weighted by their final β, then the module's loss terms.
        steps: the last step of each point, from 1.
        values: (points, names).
    """

    names: tuple[str, ...]
    steps: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Fit:
    """What a training returns besides the weights, which are in the module.

    Attributes:
        curves: the learning curves.
        samples_seen: steps taken × batch.
        seconds: wall time.
        failure: why it stopped early; None if it did not.
        remark: a sentence if the balancing method could change nothing; None otherwise.
    """

    curves: Curves
    samples_seen: int
    seconds: float
    failure: str | None = None
    remark: str | None = None


def fit(
    module: VALPModule,
    inputs: Mapping[str, Tensor],
    truths: Mapping[str, Tensor],
    *,
    weights: Mapping[str, Tensor] | None = None,
    steps: int,
    batch: int = 50,
    learning_rate: float = 1e-3,
    kl_warmup: float = 0.0,
    decay: float = 0.0,
    balance: Balance = UNBALANCED,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    executor: Executor = "auto",
    optimizer: Optimizer = "adam",
    observer: StepObserver | None = None,
    watch: Stopwatch | None = None,
) -> Fit:
    """Trains the module in place on Σ β_j·L_j, or as another balancing method combines the losses.

    The order of the examples and the noise follow from `seed`; torch's global generator does not change. Every example
    is seen once before any is seen again. Priors are fitted to the codes of the examples at the end; see
    `valp.train.fit_priors`. A loss that is not a finite number ends the training; see `Fit.failure`. For speed, call
    `one_thread` once in the process.

    Args:
        module: a compiled VALP, on the device of the tensors.
        inputs: (n, size) for each model input.
        truths: (n, size) for each output; (n,) int64 classes for a Discrete one.
        weights: by output, the weight of each label, (n,) or (n, size); 0 for a missing one. All labels of an output
            without weights count alike.
        steps: the number of steps.
        batch: examples per step, at most n.
        learning_rate: the learning rate of the optimiser.
        kl_warmup: the share of the steps over which β of the KL losses rises linearly from 0 to its value, so that a
            decoder learns to use its latent variables before they are pulled to N(0, I) (Bowman et al. 2016,
            arXiv:1511.06349).
        decay: the share of the steps, at their end, over which the learning rate falls linearly to 0 (Hägele et al.
            2024, arXiv:2405.18392), so that the weights settle.
        balance: the balancing method; see `valp.train.balance`.
        seed: the seed of the order and the noise.
        progress: called with the number of steps taken, whenever a curve gets a point.
        executor: `torch` trains any module on any device. `native` is several times faster: it trains plans of MLP
            operations, in float32 on the CPU, by the same formulas on the same examples and noise. `auto` is native if
            possible, else torch. Native is compiled once per machine, which takes about half a minute.
        optimizer: Adam, or stochastic gradient descent with momentum; see `valp.train.optimizer`.
        observer: looks at the steps, for example a `valp.trace.recorder.Recorder`. Torch then trains.
        watch: gets the seconds spent on drawing examples and noise, and on the steps themselves.

    Raises:
        SettingError: if `steps`, `batch` or `learning_rate` is not positive, `kl_warmup` or `decay` is not in [0, 1],
            the balancing method or one of its settings is invalid, the executor is unknown or cannot train this,
            the optimiser is unknown, or there is an observer and the executor is `native`.
    """
    training = Fitting(
        module,
        inputs,
        truths,
        weights=weights,
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        kl_warmup=kl_warmup,
        decay=decay,
        balance=balance,
        seed=seed,
        executor=executor,
        optimizer=optimizer,
        observer=observer,
    )
    training.advance(steps, progress, watch)
    return training.fit


class Fitting:
    """A training in parts, with the same steps as one call of `fit`.

    Between the parts the module has the current weights and is in evaluation mode.

    Args:
        module, inputs, truths, weights, batch, learning_rate, kl_warmup, decay, balance, seed, executor: as in `fit`.
        optimizer, observer: as in `fit`.
        steps: the steps of the whole training, which set the spacing of the curves' points.

    Attributes:
        made: the steps taken so far.
        failure: why the training stopped; None while it can continue.

    Raises:
        SettingError: as in `fit`.
    """

    def __init__(
        self,
        module: VALPModule,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        *,
        weights: Mapping[str, Tensor] | None = None,
        steps: int,
        batch: int = 50,
        learning_rate: float = 1e-3,
        kl_warmup: float = 0.0,
        decay: float = 0.0,
        balance: Balance = UNBALANCED,
        seed: int = 0,
        executor: Executor = "auto",
        optimizer: Optimizer = "adam",
        observer: StepObserver | None = None,
    ) -> None:
        for name, value in (("steps", steps), ("batch", batch), ("learning rate", learning_rate)):
            if not value > 0:
                raise SettingError(f"the {name} must be positive, but is {value}")
        for name, share in (("KL warm-up", kl_warmup), ("decay", decay)):
            if not 0 <= share <= 1:
                raise SettingError(f"the {name} must lie in [0, 1], but is {share}")
        if executor not in EXECUTORS:
            raise SettingError(f"the executor must be one of {', '.join(EXECUTORS)}, but is {executor!r}")
        if optimizer not in OPTIMIZERS:
            raise SettingError(f"the optimiser must be one of {', '.join(OPTIMIZERS)}, but is {optimizer!r}")
        if observer is not None and executor == "native":
            raise SettingError("the native executor cannot be observed; executor auto or torch can")
        start = time.perf_counter()
        balancer, settings = balancer_of(balance.method), completed(balance).settings
        if not isinstance(balancer, TorchExecutor.balancers):
            raise SettingError(f"no executor supports the balancing method {balancer.code!r}")
        count = len(next(iter(truths.values())))
        draws = Draws(count, min(batch, count), module.plan.noise, seed)
        self._module, self._batch, self._seed = module, draws.size, seed
        self._data = data = inputs, truths, weights or {}
        reach = loss_reach(module.plan, seed)
        idle = balancer.idle_because(reach, settings, steps)
        self._remark = None if idle is None else f"{balancer.code} trains as fixed does: {idle}"
        schedule = Schedule(module, steps, learning_rate, kl_warmup, decay)
        native = None
        if executor != "torch" and observer is None:
            native = _native(module, *data, draws, schedule, balancer, settings, reach, optimizer, executor)
        self._running = native or TorchExecutor(
            module, *data, draws, schedule, balancer, settings, reach, optimizer, observer
        )
        module.eval()
        self._every = max(1, steps // CURVE_POINTS)
        self._names = ("total", *module.loss_names)
        self._points: list[int] = []
        self._values: list[tuple[float, ...]] = []
        self.made = 0
        self.failure: str | None = None
        self._seconds = time.perf_counter() - start

    def advance(
        self,
        to: int,
        progress: Callable[[int], None] | None = None,
        watch: Stopwatch | None = None,
        pause: Callable[[], None] | None = None,
    ) -> None:
        """Trains until `to` steps are taken or a loss is not finite, then fits the priors.

        `progress` and `watch` are as in `fit`. `pause` is called between steps, several times a second unless a step
        takes longer. If it raises an error, the training ends with it.
        """
        start, watch = time.perf_counter(), watch or Stopwatch()
        self._module.train()
        try:
            while self.made < to and self.failure is None:
                count = min(self._every, to - self.made)
                means = self._running.means(count, watch, pause)
                self.made += count
                self._points.append(self.made)
                self._values.append(means)
                wrong = [name for name, mean in zip(self._names, means, strict=True) if not isfinite(mean)]
                if wrong:
                    self.failure = f"the loss is not a finite number after {self.made} steps ({', '.join(wrong)})"
                elif progress is not None:
                    progress(self.made)
        finally:
            self._running.finish()
            self._module.eval()
            self._seconds += time.perf_counter() - start
        if self.failure is None:
            start = time.perf_counter()
            fit_priors(self._module, *self._data, self._seed)
            self._seconds += time.perf_counter() - start

    @property
    def fit(self) -> Fit:
        """The curves and the costs so far."""
        curves = Curves(self._names, tuple(self._points), tuple(self._values))
        return Fit(curves, self.made * self._batch, self._seconds, self.failure, self._remark)


def one_thread() -> None:
    """Sets torch to one thread and no denormal numbers. A process that trains candidates calls it first.

    Adam's moments decay into denormals, which double the time of a step after some thousand steps.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def ready(executor: Executor, say: Callable[[str], object] | None = None) -> str | None:
    """Compiles or loads the native executor if `executor` can use it. Returns why it is not available, or None.

    A training calls this itself. An earlier call moves the waiting time out of the first training.

    Args:
        executor: as in `fit`; for `torch` there is nothing to do.
        say: called with an explanation if it takes long; logs a warning by default.
    """
    if executor == "torch":
        return None
    try:
        from valp.train.native.warm import prepare

        prepare(say or logging.getLogger(__name__).warning)
    except Exception as error:  # no Numba, or one whose internal interface has changed
        return f"{type(error).__name__}: {error}"
    return None


def _native(
    module: VALPModule,
    inputs: Mapping[str, Tensor],
    truths: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    draws: Draws,
    schedule: Schedule,
    balancer: Balancer,
    settings: Mapping[str, Value],
    reach: LossReach,
    optimizer: Optimizer,
    executor: Executor,
) -> "NativeExecutor | None":
    """The native executor if it can train this, else None.

    Raises:
        SettingError: if `executor` is `native` and it cannot.
    """
    reason = ready(executor)
    if reason is None:
        from valp.train.native.executor import NativeExecutor
        from valp.train.native.program import UnsupportedError

        try:
            return NativeExecutor(
                module, inputs, truths, weights, draws, schedule, balancer, settings, reach, optimizer
            )
        except UnsupportedError as error:
            reason = str(error)
    if executor == "native":
        raise SettingError(f"the native executor cannot train this: {reason}")
    _log(reason)
    return None


@cache
def _log(reason: str) -> None:
    """Logs a reason, once per process."""
    logging.getLogger(__name__).info("trained by torch: %s", reason)
