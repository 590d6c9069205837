"""The torch module of a VALP: it runs the plan under autograd, on any device."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import reduce
from typing import assert_never

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valp.losses import LOSSES, divergence
from valp.plan import Affine, Combine, Concatenate, Mode, Normalise, Operation, Plan, Sample, Select

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


class VALPModule(nn.Module):
    """A VALP as a plain torch module: `state_dict`, `.to(device)` and `torch.export` work as usual.

    Args:
        plan: what to run.
        seed: of the initial weights; None draws them from torch's global generator. Biases start at 0.

    Attributes:
        betas: β of each loss term, in the order of `loss_names`.
    """

    def __init__(self, plan: Plan, *, seed: int | None = None) -> None:
        super().__init__()
        self.plan = plan
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        self.betas: Tensor
        betas = [term.beta for term in plan.terms]
        self.register_buffer("betas", torch.tensor(betas), persistent=False)
        self.layers = nn.ModuleDict()
        self._selections: dict[str, str] = {}
        self._needed: dict[tuple[frozenset[str], Mode], tuple[Operation, ...]] = {}
        for operation in plan.operations:
            if isinstance(operation, Affine):
                self.layers[operation.layer] = _layer(operation, generator)
            elif isinstance(operation, Select):
                name = f"indices_{len(self._selections)}"
                self._selections[operation.out] = name
                self.register_buffer(name, torch.tensor(operation.indices), persistent=False)

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        mode: Mode = "train",
        noise: Mapping[str, Tensor] | None = None,
        outputs: Iterable[str] | None = None,
    ) -> dict[str, Tensor]:
        """Runs the model.

        Args:
            inputs: (batch, size) for each model input; in `generate` those on which no output asked for depends may
                be left out.
            mode: `train` and `generate` draw noise, `predict` uses none.
            noise: (batch, k) for each latent connection `source->target`; what is missing is drawn from N(0, I).
            outputs: the outputs to compute; all by default.

        Returns:
            (batch, size) for each output: probabilities for a Discrete one. While training also (batch, 2k) for
            each latent connection: μ, then log σ².

        Raises:
            ValueError: if an input or, without any input, the noise is missing, or an output is unknown.
        """
        names = tuple(self.plan.outputs) if outputs is None else tuple(outputs)
        unknown = [name for name in names if name not in self.plan.outputs]
        if unknown:
            raise ValueError(f"the outputs are {', '.join(self.plan.outputs)}, but got {', '.join(unknown)}")
        wanted = {name: self.plan.outputs[name] for name in names}
        values = self.run(inputs, tuple(wanted.values()), mode, noise)
        result = {name: values[buffer] for name, buffer in wanted.items()}
        if mode == "train":
            sampled = (op for op in self.operations(wanted.values(), mode) if isinstance(op, Sample))
            result |= {op.connection: values[op.source][:, : 2 * op.size] for op in sampled}
        return result

    def losses(
        self,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        noise: Mapping[str, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The losses of a batch, in training mode.

        Args:
            inputs: (batch, size) for each model input.
            truths: (batch, size) for each output; (batch,) int64 classes for a Discrete one.
            noise: as in `forward`.

        Returns:
            The total Σ β_j·L_j, a scalar, and the terms (L_1, …) without their β, in the order of `loss_names`.
        """
        plan = self.plan
        wanted = {term.prediction for term in plan.losses}
        wanted |= {buffer for term in plan.divergences for buffer, _, _ in term.latents}
        values = self.run(inputs, wanted, "train", noise)
        terms = [LOSSES[term.kind](values[term.prediction], truths[term.truth]) for term in plan.losses]
        for term in plan.divergences:
            parts = [divergence(values[buffer], size) / variables for buffer, size, variables in term.latents]
            terms.append(torch.stack(parts).sum())
        stacked = torch.stack(terms)
        return (stacked * self.betas).sum(), stacked

    @property
    def loss_names(self) -> tuple[str, ...]:
        """The names of the loss terms: kind:prediction, or kind:prediction:truth where these two are not the same."""
        return tuple(term.name for term in self.plan.terms)

    @property
    def parameter_count(self) -> int:
        """The number of learnt parameters."""
        return sum(parameter.numel() for parameter in self.parameters())

    def operations(self, buffers: Iterable[str], mode: Mode) -> tuple[Operation, ...]:
        """The operations that computing `buffers` takes in `mode`."""
        key = frozenset(buffers), mode
        if key not in self._needed:
            self._needed[key] = self.plan.needed(*key)
        return self._needed[key]

    def run(
        self, inputs: Mapping[str, Tensor], buffers: Collection[str], mode: Mode, noise: Mapping[str, Tensor] | None
    ) -> dict[str, Tensor]:
        """The values of buffers, and of all that was computed on the way; arguments as in `forward`."""
        values = dict(inputs)
        noise = noise or {}
        for operation in self.operations(buffers, mode):
            match operation:
                case Affine(out, source, layer, _, _, activation):
                    values[out] = ACTIVATION_FUNCTIONS[activation](self.layers[layer](self._read(values, source)))
                case Select(out, source):
                    selected = self._read(values, source).index_select(1, getattr(self, self._selections[out]))
                    values[out] = selected
                case Concatenate(out, sources):
                    values[out] = torch.cat([self._read(values, source) for source in sources], 1)
                case Combine(out, sources, size, function):
                    units = [self._read(values, source)[:, :size] for source in sources]
                    values[out] = COMBINE_FUNCTIONS[function](units)
                case Normalise(out, source, function):
                    logits = self._read(values, source)
                    values[out] = logits.softmax(1) if function == "softmax" else logits.sigmoid()
                case Sample():
                    values[operation.out] = self._sample(operation, values, mode, noise)
                case _:
                    assert_never(operation)
        for buffer in buffers:
            self._read(values, buffer)
        return values

    def _sample(self, op: Sample, values: dict[str, Tensor], mode: Mode, noise: Mapping[str, Tensor]) -> Tensor:
        given = noise.get(op.connection)
        if mode == "generate":
            return self._standard_normal(op, values, noise) if given is None else given
        latent = values[op.source]
        mean, log_variance = latent[:, : op.size], latent[:, op.size : 2 * op.size]
        if mode == "predict":
            return mean
        epsilon = torch.randn_like(mean) if given is None else given
        return mean + (log_variance / 2).exp() * epsilon

    def _standard_normal(self, op: Sample, values: Mapping[str, Tensor], noise: Mapping[str, Tensor]) -> Tensor:
        like = next(iter(values.values()), next(iter(noise.values()), None))
        if like is None:
            raise ValueError(
                f"to generate without inputs, noise of shape (batch, {op.size}) is needed for {op.connection}"
            )
        return torch.randn(like.shape[0], op.size, dtype=like.dtype, device=like.device)

    def _read(self, values: Mapping[str, Tensor], buffer: str) -> Tensor:
        if buffer not in values:
            raise ValueError(f"the model needs input {buffer!r}, but got {', '.join(values) or 'none'}")
        return values[buffer]


def _layer(operation: Affine, generator: torch.Generator | None) -> nn.Linear:
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, operation.inputs, operation.outputs)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        INITIALIZER_FUNCTIONS[operation.initializer](layer.weight, generator)
        layer.bias.zero_()
    return layer
