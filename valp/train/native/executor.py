"""`NativeExecutor`: trains a module with the native interpreter, if the interpreter supports it."""

import logging
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from valp.compile.module import VALPModule
from valp.compile.torch_layers import Gates
from valp.parts.losses import LOSSES
from valp.train.balance.balance import Value
from valp.train.balance.balancer import Balancer
from valp.train.balance.loss_reach import LossReach
from valp.train.batches import Draws
from valp.train.native.assembler import program_of
from valp.train.native.interpreter import Batches, Interpreter
from valp.train.native.memory import one_thread
from valp.train.native.native_steps import form_of, steps_of
from valp.train.native.program import NativeData, UnsupportedError
from valp.train.optimizer import MOMENTUM, Optimizer
from valp.train.schedule import Schedule
from valp.train.stopwatch import Stopwatch

MOST_STEPS = 256
MOST_NUMBERS = 1 << 22
"""Examples and noise are drawn in blocks of at most this many steps, with at most this many numbers of noise."""

PAUSE = 0.25
"""A caller that wants to look between the steps can do so about every so many seconds."""

Array = NDArray[np.float32]


class NativeExecutor:
    """Trains with the native interpreter, on copies of the module's parameters.

    Args:
        module: what to train.
        inputs, truths, weights: as in `fit`.
        draws: the examples and the noise of each step.
        schedule: β and the learning rate of each step.
        balancer: the balancing method.
        settings: all settings of the balancer.
        reach: the losses and the layers that they train.
        optimizer: the optimiser.

    Raises:
        UnsupportedError: if the interpreter does not support the module, its plan, the tensors or the method.
    """

    def __init__(
        self,
        module: VALPModule,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        draws: Draws,
        schedule: Schedule,
        balancer: Balancer,
        settings: Mapping[str, Value],
        reach: LossReach,
        optimizer: Optimizer = "adam",
    ) -> None:
        _require_plain(module)
        plan = module.plan
        count = len(next(iter(truths.values())))
        self._kept: list[Tensor] = []
        sizes = {term.truth: term.size for term in plan.losses}
        by_class = {term.truth: LOSSES[term.kind].truth == "classes" for term in plan.losses}
        program = program_of(
            plan,
            draws.size,
            {name: self._data(inputs.get(name), count, size) for name, size in plan.inputs.items()},
            {
                name: self._classes(truths.get(name), count, size)
                if by_class[name]
                else self._data(truths.get(name), count, size)
                for name, size in sizes.items()
            },
            {
                name: self._weights(weights[name], count, sizes[name], by_class[name])
                for name in sizes
                if name in weights
            },
            form_of(balancer),
        )
        self._module, self._draws = module, draws
        self._schedule, self._made = schedule, 0
        self._seconds_of_step = PAUSE  # not known yet, so the first part is one step
        self._interpreter = Interpreter(program, len(plan.terms), MOMENTUM if optimizer == "sgd" else None)
        self._steps = steps_of(self._interpreter, plan, weights, balancer, settings, reach)
        variables = draws.size * sum(plan.noise.values())
        held = max(1, min(MOST_STEPS, MOST_NUMBERS // max(variables, 1)))
        self._rows, self._noise = torch.zeros(held, draws.size, dtype=torch.int64), torch.zeros(held, variables)
        for name, view in self._views(self._interpreter.parameters).items():
            view[:] = module.get_parameter(name).detach().numpy()

    def means(self, steps: int, watch: Stopwatch, pause: Callable[[], None] | None = None) -> tuple[float, ...]:
        """Takes steps. Returns the mean over these steps of the total loss (with the final β) and of each term.

        `pause` is called before the first step, and then about every `PAUSE` seconds or before each longer step.
        """
        self._interpreter.sums[:] = 0
        left = steps
        while left:
            count = min(left, len(self._rows))
            with watch("draws"):
                for rows, noise in zip(self._rows[:count], self._noise[:count], strict=True):
                    rows.copy_(self._draws.rows())
                    self._draws.fill(noise)
            with watch("steps"):
                self._run_in_parts(self._schedule.rates(self._made, count), pause)
            left -= count
        terms = self._interpreter.sums / steps
        return float(self._schedule.final.numpy() @ terms), *terms.tolist()

    def gradients(self, rows: Tensor, noise: Tensor) -> tuple[tuple[float, ...], dict[str, Tensor]]:
        """The loss terms of one batch, and the gradient of each parameter by its name.

        Args:
            rows: the examples, (batch,).
            noise: the noise as a flat tensor: (batch, k) for each latent connection, one after the other.
        """
        self._rows[0], self._noise[0] = rows, noise
        self._run(torch.zeros(1, dtype=torch.float64))
        return tuple(self._interpreter.terms.tolist()), {
            name: torch.from_numpy(view) for name, view in self._views(self._interpreter.slopes).items()
        }

    def _run_in_parts(self, rates: Tensor, pause: Callable[[], None] | None) -> None:
        """Takes a step for each rate on the examples already drawn, with pauses. The parts change no result."""
        first = 0
        while first < len(rates):
            part = len(rates)
            if pause is not None:
                pause()
                part = max(1, int(PAUSE / self._seconds_of_step))
            start, taken = time.perf_counter(), rates[first : first + part]
            self._run(taken, first)
            self._seconds_of_step = max(time.perf_counter() - start, 1e-9) / len(taken)
            first += len(taken)

    def _run(self, rates: Tensor, first: int = 0) -> None:
        """Takes a step for each rate, on the examples already drawn from place `first` on."""
        steps = len(rates)
        part = slice(first, first + steps)
        batches = Batches(self._rows[part].numpy(), self._noise[part].numpy(), rates.numpy())
        with one_thread():
            self._steps.take(batches, self._schedule.betas(self._made, steps))
        self._made += steps

    def finish(self) -> None:
        """Copies the trained parameters into the module, and logs what the balancing method did."""
        with torch.no_grad():
            for name, view in self._views(self._interpreter.parameters).items():
                self._module.get_parameter(name).copy_(torch.from_numpy(view))
        summary = self._steps.summary()
        if summary is not None:
            logging.getLogger(__name__).info("%s", summary)

    def _views(self, flat: Array) -> dict[str, Array]:
        """The part of a flat array that belongs to each parameter, by name."""
        places = self._interpreter.program.parameters
        shapes = {name: tuple(self._module.get_parameter(name).shape) for name in places}
        return {name: flat[places[name] :][: int(np.prod(shape))].reshape(shape) for name, shape in shapes.items()}

    def _data(self, tensor: Tensor | None, count: int, size: int) -> NativeData:
        if tensor is None or tensor.shape != (count, size):
            raise UnsupportedError("data of an unexpected shape")
        return self._held(tensor, torch.float32, size)

    def _classes(self, tensor: Tensor | None, count: int, size: int) -> NativeData:
        if tensor is None or tensor.shape != (count,) or int(tensor.min()) < 0 or int(tensor.max()) >= size:
            raise UnsupportedError("classes out of range")
        return self._held(tensor, torch.int64, 1)

    def _weights(self, tensor: Tensor, count: int, size: int, by_class: bool) -> NativeData:
        columns = 1 if tensor.ndim == 1 else tensor.shape[1]
        if tensor.ndim > 2 or len(tensor) != count or not (tensor.ndim == 1 or columns == size or by_class):
            raise UnsupportedError("label weights of an unexpected shape")
        return self._held(tensor, torch.float32, columns)

    def _held(self, tensor: Tensor, dtype: torch.dtype, columns: int) -> NativeData:
        """The address of a tensor's numbers. Keeps the tensor alive."""
        if tensor.dtype is not dtype or tensor.device.type != "cpu" or tensor.requires_grad:
            raise UnsupportedError(f"data on {tensor.device.type} of {tensor.dtype}")
        self._kept.append(tensor.contiguous())
        return NativeData(self._kept[-1].data_ptr(), len(tensor), columns)


def _require_plain(module: VALPModule) -> None:
    """Accepts only a module as `compile` makes it: float32 on the CPU, all parameters trainable, no hooks.

    Raises:
        UnsupportedError: for any other module.
    """
    if type(module) is not VALPModule:
        raise UnsupportedError(f"a {type(module).__name__}")
    for part in module.modules():
        if part._forward_hooks or part._forward_pre_hooks or part._backward_hooks or part._backward_pre_hooks:
            raise UnsupportedError("hooks")
        plain = not isinstance(part, nn.Linear | Gates) or type(part) in (nn.Linear, Gates)
        if not plain or hasattr(part, "parametrizations"):
            raise UnsupportedError("a subclassed or parametrised layer")
    for parameter in module.parameters():
        if parameter.dtype is not torch.float32 or parameter.device.type != "cpu":
            raise UnsupportedError(f"parameters on {parameter.device.type} of {parameter.dtype}")
        if not parameter.requires_grad or parameter._backward_hooks:
            raise UnsupportedError("parameters that are not learned")
