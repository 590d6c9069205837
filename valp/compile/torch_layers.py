"""Makes the torch layers of a plan's operations, and has the functions that run them."""

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valp.plan.operation import Affine, Apply, Convolve, Gate, Operation, Recur

ACTIVATION_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "relu": F.relu,
    "elu": F.elu,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}

COMBINE_FUNCTIONS: dict[str, Callable[[list[Tensor]], Tensor]] = {
    "sum": lambda units: reduce(torch.add, units),
    "mean": lambda units: reduce(torch.add, units) / len(units),
    "product": lambda units: reduce(torch.mul, units),
}

INITIALIZER_FUNCTIONS: dict[str, Callable[[Tensor, torch.Generator | None], Tensor]] = {
    "xavier": lambda w, generator: nn.init.xavier_uniform_(w, generator=generator),
    "uniform": lambda w, generator: nn.init.uniform_(w, -0.1, 0.1, generator=generator),
    "normal": lambda w, generator: nn.init.normal_(w, 0.0, 0.03, generator=generator),
}

CONVOLUTIONS: dict[tuple[bool, int], type[nn.Module]] = {
    (False, 1): nn.Conv1d,
    (False, 2): nn.Conv2d,
    (True, 1): nn.ConvTranspose1d,
    (True, 2): nn.ConvTranspose2d,
}

POOLINGS: dict[int, Callable[[Tensor, tuple[int, ...]], Tensor]] = {
    1: lambda x, pool: F.max_pool1d(x, pool),
    2: lambda x, pool: F.max_pool2d(x, pool),
}

CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class Gates(nn.Module):
    """Σ_i sigmoid(a_i) · unit_i, where a is (units, size) and starts at 0."""

    def __init__(self, units: int, size: int) -> None:
        super().__init__()
        self.gates = nn.Parameter(torch.zeros(units, size))

    def forward(self, units: list[Tensor]) -> Tensor:
        """The gated sum, (batch, size), of units of shape (batch, size)."""
        gated: Tensor = reduce(torch.add, [g * unit for g, unit in zip(self.gates.sigmoid(), units, strict=True)])
        return gated


def layer_of(operation: Operation, generator: torch.Generator | None) -> nn.Module | None:
    """The layer of an operation, with drawn weights and biases of 0; None if the operation has no layer."""
    match operation:
        case Affine():
            linear = undisturbed(lambda: nn.Linear(operation.inputs, operation.outputs))
            return _drawn(linear, operation.initializer, generator)
        case Convolve():
            made = CONVOLUTIONS[operation.transposed, len(operation.kernel)]
            channels, sides = (operation.inputs[0], operation.outputs[0]), (operation.kernel, operation.stride)
            convolution = undisturbed(lambda: made(*channels, *sides, operation.padding))
            return _drawn(convolution, operation.initializer, generator)
        case Recur():
            cell = undisturbed(lambda: CELLS[operation.cell](operation.inputs[0], operation.units, batch_first=True))
            return _drawn(cell, operation.initializer, generator)
        case Gate():
            return Gates(len(operation.sources), operation.size)
        case Apply():
            return _built(operation, generator)
        case _:
            return None


def undisturbed(make: Callable[[], nn.Module]) -> nn.Module:
    """Makes a torch layer and leaves torch's global generator unchanged. The caller draws the weights again."""
    with torch.random.fork_rng(devices=[]):
        return make()


def norm_of(operation: Operation) -> nn.Module | None:
    """The batch normalisation of an operation, over the variables or channels of its result; None without one."""
    if not isinstance(operation, Affine | Convolve | Recur) or not operation.normalise:
        return None
    if isinstance(operation, Affine):
        return nn.BatchNorm1d(operation.outputs)
    if isinstance(operation, Recur):
        return nn.BatchNorm1d(operation.units)
    return nn.BatchNorm2d(operation.outputs[0]) if len(operation.kernel) == 2 else nn.BatchNorm1d(operation.outputs[0])


def normalised(norm: nn.Module, values: Tensor, *, training: bool) -> Tensor:
    """Batch normalisation with the batch's own statistics in training, else with the running ones.

    A batch of one row has no statistics of its own, so it uses the running ones.
    """
    mean, variance, weight, bias = norm.running_mean, norm.running_var, norm.weight, norm.bias
    return F.batch_norm(values, mean, variance, weight, bias, training and len(values) > 1)  # type: ignore[arg-type]


def _drawn(layer: nn.Module, initializer: str, generator: torch.Generator | None) -> nn.Module:
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if "bias" in name:
                parameter.zero_()
            else:
                INITIALIZER_FUNCTIONS[initializer](parameter, generator)
    return layer


def _built(operation: Apply, generator: torch.Generator | None) -> nn.Module:
    """Builds a module of another package. Torch's global generator is seeded before and restored afterwards."""
    if generator is None:
        return operation.build()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return operation.build()
