"""`NativeExecutor`: trains a module with the native interpreter, if the interpreter supports it."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from valp.compile.module import VALPModule
from valp.compile.torch_layers import Gates
from valp.parts.losses import LOSSES
from valp.train.balance.balance import Value
from valp.train.balance.balancer import ScheduledBalancer
from valp.train.balance.loss_reach import loss_reach
from valp.train.batches import Draws
from valp.train.native.assembler import program_of
from valp.train.native.kernels import train
from valp.train.native.memory import one_thread
from valp.train.native.program import NativeData, UnsupportedError
from valp.train.schedule import Schedule
from valp.train.stopwatch import Stopwatch

MOST_STEPS = 256
MOST_NUMBERS = 1 << 22
"""Examples and noise are drawn in blocks of at most this many steps, with at most this many numbers of noise."""

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

    Raises:
        UnsupportedError: if the interpreter does not support the module, its plan or the tensors.
    """

    def __init__(
        self,
        module: VALPModule,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        draws: Draws,
        schedule: Schedule,
        balancer: ScheduledBalancer,
        settings: Mapping[str, Value],
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
        )
        self._module, self._program, self._draws = module, program, draws
        self._schedule, self._made = schedule, 0
        self._scheduled = partial(balancer.weights, reach=loss_reach(plan), settings=settings)
        self._values, self._gradients = (np.zeros(program.size, np.float32) for _ in range(2))
        self._parameters, self._slopes, self._means, self._squares = (
            np.zeros(program.weights, np.float32) for _ in range(4)
        )
        self._state = (
            self._values, self._gradients, self._parameters, self._slopes, self._means, self._squares
        )  # fmt: skip
        variables = draws.size * sum(plan.noise.values())
        held = max(1, min(MOST_STEPS, MOST_NUMBERS // max(variables, 1)))
        self._rows, self._noise = torch.zeros(held, draws.size, dtype=torch.int64), torch.zeros(held, variables)
        for name, view in self._views(self._parameters).items():
            view[:] = module.get_parameter(name).detach().numpy()

    def means(self, steps: int, watch: Stopwatch) -> tuple[float, ...]:
        """Takes steps. Returns the mean over these steps of the total loss (with the final β) and of each term."""
        sums = np.zeros(len(self._schedule.final))
        left = steps
        while left:
            count = min(left, len(self._rows))
            with watch("draws"):
                for rows, noise in zip(self._rows[:count], self._noise[:count], strict=True):
                    rows.copy_(self._draws.rows())
                    self._draws.fill(noise)
            with watch("steps"):
                sums += self._run(count, self._schedule.rates(self._made, count).numpy())
            left -= count
        terms = sums / steps
        return float(self._schedule.final.numpy() @ terms), *terms.tolist()

    def gradients(self, rows: Tensor, noise: Tensor) -> tuple[tuple[float, ...], dict[str, Tensor]]:
        """The loss terms of one batch, and the gradient of each parameter by its name.

        Args:
            rows: the examples, (batch,).
            noise: the noise as a flat tensor: (batch, k) for each latent connection, one after the other.
        """
        self._rows[0], self._noise[0] = rows, noise
        terms = self._run(1, np.zeros(1))
        return tuple(terms.tolist()), {name: torch.from_numpy(view) for name, view in self._views(self._slopes).items()}

    def _run(self, steps: int, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Takes steps on the examples already drawn. Returns the sum of each loss term over these steps."""
        program, betas = self._program, self._scheduled(self._schedule.betas(self._made, steps)).numpy()
        sums = np.zeros(betas.shape[1])
        tables = (program.forward, program.losses, program.backward, program.indices)
        drawn = (self._rows[:steps].numpy(), self._noise[:steps].numpy())
        with one_thread():
            train(*tables, *self._state, *drawn, betas, np.zeros_like(sums), sums, rates, self._made)
        self._made += steps
        return sums

    def finish(self) -> None:
        """Copies the trained parameters into the module."""
        with torch.no_grad():
            for name, view in self._views(self._parameters).items():
                self._module.get_parameter(name).copy_(torch.from_numpy(view))

    def _views(self, flat: Array) -> dict[str, Array]:
        """The part of a flat array that belongs to each parameter, by name."""
        shapes = {name: tuple(self._module.get_parameter(name).shape) for name in self._program.parameters}
        places = self._program.parameters
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
