"""The torch module of a VALP: it runs the plan under autograd, on any device."""

from collections.abc import Callable, Collection, Iterable, Mapping
from math import prod
from typing import assert_never

import torch
from torch import Tensor, nn

from valp.compile.residual_spread import ResidualSpread
from valp.compile.torch_layers import (
    ACTIVATION_FUNCTIONS,
    COMBINE_FUNCTIONS,
    POOLINGS,
    layer_of,
    norm_of,
    normalised,
)
from valp.parts.losses import LOSSES, divergence
from valp.parts.priors import PRIORS
from valp.plan.operation import (
    Affine,
    Apply,
    Combine,
    Concatenate,
    Convolve,
    Gate,
    Normalise,
    Operation,
    Recur,
    Sample,
    Select,
)
from valp.plan.plan import LossTerm, Mode, Plan

Critics = Mapping[str, Callable[[Tensor, Tensor, Tensor | None], Tensor]]
"""For each loss term, by name: maps (prediction, truth, weights) to the logits (batch,) that the prediction is real."""


class VALPModule(nn.Module):
    """A VALP as a plain torch module: `state_dict`, `.to(device)` and `torch.export` work as usual.

    Args:
        plan: what to run.
        seed: the seed of the initial weights; None draws them from torch's global generator. Biases start at 0.

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
        self.priors = nn.ModuleDict({group.name: PRIORS[group.prior].build(group.size) for group in plan.groups})
        self.class_priors = nn.ModuleDict(
            {
                group.name: PRIORS[group.prior].build_by_class(group.size, plan.given[group.given].size)
                for group in plan.groups
                if group.given is not None
            }
        )
        self.spreads = nn.ModuleDict({name: ResidualSpread(size) for name, size in plan.spreads.items()})
        self._selections: dict[str, str] = {}
        self._needed: dict[tuple[frozenset[str], Mode, frozenset[str]], tuple[Operation, ...]] = {}
        for operation in plan.operations:
            layer, norm = layer_of(operation, generator), norm_of(operation)
            if layer is not None and isinstance(operation, Affine | Convolve | Recur | Gate | Apply):
                self.layers[operation.layer] = layer
                if norm is not None:
                    self.layers[f"{operation.layer}-norm"] = norm
            if isinstance(operation, Select):
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
            inputs: (batch, size) for each model input. In `generate`, inputs that no computed output depends on may
                be missing, and an output in `Graph.given` may have its class here: (batch, classes) one-hot, or
                (batch,) class numbers. Without it, the networks that predict the class are computed.
            mode: `train` and `generate` draw noise, `predict` uses only the given noise. Batch normalisation takes
                the batch's own statistics in `train`, unless the module is in evaluation mode.
            noise: (batch, k) for each latent connection `source->target`, from N(0, I), and in `generate` (batch,)
                for each network with a fitted prior, uniform in [0, 1). Missing noise is drawn, or left out in
                `predict`. In `generate`, (batch, size) from N(0, I) for an output makes its samples draws from the
                Gaussian around their mean; without, they are the means. `drawn_noise` draws all of it.
            outputs: the outputs to compute; all by default.

        Returns:
            (batch, size) for each output: probabilities for a Discrete one. In `train` also (batch, 2k) for each
            latent connection: μ, then log σ².

        Raises:
            ValueError: if an input is missing, if there is neither an input nor noise, or if an output is unknown.
        """
        names = tuple(self.plan.outputs) if outputs is None else tuple(outputs)
        unknown = [name for name in names if name not in self.plan.outputs]
        if unknown:
            raise ValueError(f"the outputs are {', '.join(self.plan.outputs)}, but got {', '.join(unknown)}")
        wanted = {name: self.plan.outputs[name] for name in names}
        values = self.run(inputs, tuple(wanted.values()), mode, noise)
        result = {name: values[buffer] for name, buffer in wanted.items()}
        if mode == "generate":
            drawn = [name for name in names if name in self.spreads and name in (noise or {})]
            result |= {name: self.spreads[name](result[name], (noise or {})[name]) for name in drawn}
        if mode == "train":
            sampled = (op for op in self.operations(wanted.values(), mode) if isinstance(op, Sample))
            result |= {op.connection: values[op.source][:, : 2 * op.size] for op in sampled}
        return result

    def losses(
        self,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        noise: Mapping[str, Tensor] | None = None,
        weights: Mapping[str, Tensor] | None = None,
        critics: Critics | None = None,
        betas: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The losses of a batch, in training mode.

        Args:
            inputs: (batch, size) for each model input.
            truths: (batch, size) for each output; (batch,) int64 classes for a Discrete one.
            noise: as in `forward`.
            weights: by output, the weight of each label, (batch,) or (batch, size); 0 for a missing one, whose truth
                must still be finite. All labels of an output without weights count alike.
            critics: the critics of the adversarial terms, by name; see `valp.train.critic`.
            betas: β of each term, (terms,); the module's own by default.

        Returns:
            The total Σ β_j·L_j, a scalar, and the terms (L_1, …) without their β, in the order of `loss_names`.

        Raises:
            ValueError: if an input or the critic of an adversarial term is missing.
        """
        terms = self.terms(inputs, truths, noise, weights, critics)
        return (terms * (self.betas if betas is None else betas)).sum(), terms

    def terms(
        self,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        noise: Mapping[str, Tensor] | None = None,
        weights: Mapping[str, Tensor] | None = None,
        critics: Critics | None = None,
    ) -> Tensor:
        """The loss terms of a batch without their β, (terms,); arguments and errors as in `losses`."""
        values = self.run(inputs, self.plan.judged, "train", noise)
        return self.terms_of(values, truths, weights, critics)

    def terms_of(
        self,
        values: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        weights: Mapping[str, Tensor] | None = None,
        critics: Critics | None = None,
    ) -> Tensor:
        """The loss terms of the values of buffers, (terms,); other arguments as in `losses`."""
        plan, weights = self.plan, weights or {}
        terms = [
            _loss(term, values[term.prediction], truths[term.truth], weights.get(term.truth), critics or {})
            for term in plan.losses
        ]
        for term in plan.divergences:
            parts = [divergence(values[buffer], size) / variables for buffer, size, variables in term.latents]
            terms.append(torch.stack(parts).sum())
        return torch.stack(terms)

    @property
    def loss_names(self) -> tuple[str, ...]:
        """The names of the loss terms: kind:prediction, or kind:prediction:truth if prediction and truth differ."""
        return tuple(term.name for term in self.plan.terms)

    @property
    def parameter_count(self) -> int:
        """The number of learnt parameters."""
        return sum(parameter.numel() for parameter in self.parameters())

    def operations(
        self, buffers: Iterable[str], mode: Mode, given: Collection[str] | None = None
    ) -> tuple[Operation, ...]:
        """The operations that are needed to compute `buffers` in `mode`; `given` as in `Plan.needed`."""
        key = frozenset(buffers), mode, frozenset(self.plan.given if given is None else given)
        if key not in self._needed:
            self._needed[key] = self.plan.needed(*key)
        return self._needed[key]

    def run(
        self, inputs: Mapping[str, Tensor], buffers: Collection[str], mode: Mode, noise: Mapping[str, Tensor] | None
    ) -> dict[str, Tensor]:
        """The values of `buffers` and of all buffers computed on the way; other arguments as in `forward`."""
        values, given = self._with_classes(inputs, mode)
        operations = self.operations(buffers, mode, given)
        noise = (noise or {}) if mode != "generate" else self._from_priors(operations, values, given, noise or {})
        self.run_operations(operations, values, mode, noise)
        for buffer in buffers:
            self._read(values, buffer)
        return values

    def run_operations(
        self, operations: Iterable[Operation], values: dict[str, Tensor], mode: Mode, noise: Mapping[str, Tensor]
    ) -> None:
        """Runs operations in their order and adds the values of their buffers; arguments as in `forward`."""
        for operation in operations:
            if isinstance(operation, Sample):
                values[operation.out] = self._sample(operation, values, mode, noise)
            else:
                sources = [self._read(values, source) for source in operation.sources]
                values[operation.out] = self._run(operation, sources, training=self.training and mode == "train")

    def _with_classes(self, inputs: Mapping[str, Tensor], mode: Mode) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The inputs with given classes in the buffers of their predictors, and these classes, one-hot."""
        values = {name: tensor for name, tensor in inputs.items() if name not in self.plan.given}
        parts = {name: part for name, part in self.plan.given.items() if name in inputs and mode == "generate"}
        given = {name: _one_hot(inputs[name], part.size).to(self.betas.dtype) for name, part in parts.items()}
        for name, part in parts.items():
            values |= dict.fromkeys(part.buffers, given[name])
        return values, given

    def drawn_noise(self, count: int, generator: torch.Generator, drawn: Collection[str] = ()) -> dict[str, Tensor]:
        """Noise for `count` rows: (count, k) from N(0, I) for each latent connection and (count,) uniform in [0, 1) for
        each network with a fitted prior; also (count, size) from N(0, I) for outputs in `drawn` that have a spread."""
        noise = {name: torch.randn(count, k, generator=generator) for name, k in self.plan.noise.items()}
        noise |= {group.name: torch.rand(count, generator=generator) for group in self.plan.groups}
        spreads = {name: size for name, size in self.plan.spreads.items() if name in drawn}
        return noise | {name: torch.randn(count, size, generator=generator) for name, size in spreads.items()}

    def _from_priors(
        self,
        operations: Iterable[Operation],
        values: Mapping[str, Tensor],
        given: Mapping[str, Tensor],
        noise: Mapping[str, Tensor],
    ) -> Mapping[str, Tensor]:
        """The noise, with the variables of each needed group replaced by draws from its fitted prior."""
        sampled = {op.connection: op for op in operations if isinstance(op, Sample)}
        result = dict(noise)
        for group in self.plan.groups:
            if not all(name in sampled for name, _ in group.connections):
                continue
            parts = [
                noise[name] if name in noise else self._standard_normal(sampled[name], values, noise)
                for name, _ in group.connections
            ]
            normal = torch.cat(parts, 1)
            number = noise.get(group.name)
            uniform = torch.rand_like(normal[:, 0]) if number is None else number
            drawn = self.priors[group.name](normal, uniform)
            if group.given is not None and group.given in given:
                drawn = self.class_priors[group.name](normal, uniform, given[group.given], drawn)
            parts = drawn.split([size for _, size in group.connections], 1)
            result |= dict(zip((name for name, _ in group.connections), parts, strict=True))
        return result

    def _run(self, operation: Operation, sources: list[Tensor], *, training: bool) -> Tensor:
        """The result of an operation other than `Sample`."""
        match operation:
            case Affine():
                values: Tensor = self.layers[operation.layer](sources[0])
                return self._activated(operation, values, training)
            case Select():
                return sources[0].index_select(1, getattr(self, self._selections[operation.out]))
            case Concatenate():
                return torch.cat(sources, 1)
            case Combine(_, _, size, function):
                return COMBINE_FUNCTIONS[function]([source[:, :size] for source in sources])
            case Gate(_, _, size):
                gated: Tensor = self.layers[operation.layer]([source[:, :size] for source in sources])
                return gated
            case Convolve():
                shaped = self.layers[operation.layer](sources[0].reshape(-1, *operation.inputs))
                activated = self._activated(operation, shaped, training)
                pooled = (
                    activated if prod(operation.pool) == 1 else POOLINGS[len(operation.pool)](activated, operation.pool)
                )
                return pooled.flatten(1)
            case Recur():
                steps = sources[0].reshape(-1, *operation.inputs).transpose(1, 2)
                states = self.layers[operation.layer](steps)[0].transpose(1, 2)
                if operation.normalise:
                    states = normalised(self.layers[f"{operation.layer}-norm"], states, training=training)
                flat: Tensor = states.flatten(1)
                return flat
            case Apply():
                applied: Tensor = self.layers[operation.layer](*sources)
                return applied
            case Normalise(_, _, function):
                return sources[0].softmax(1) if function == "softmax" else sources[0].sigmoid()
            case Sample():
                raise AssertionError("`_sample` runs this operation")
            case _:
                assert_never(operation)

    def _activated(self, operation: Affine | Convolve, values: Tensor, training: bool) -> Tensor:
        if operation.normalise:
            values = normalised(self.layers[f"{operation.layer}-norm"], values, training=training)
        return ACTIVATION_FUNCTIONS[operation.activation](values)

    def _sample(self, op: Sample, values: dict[str, Tensor], mode: Mode, noise: Mapping[str, Tensor]) -> Tensor:
        given = noise.get(op.connection)
        if mode == "generate":
            return self._standard_normal(op, values, noise) if given is None else given
        latent = values[op.source]
        mean, log_variance = latent[:, : op.size], latent[:, op.size : 2 * op.size]
        if mode == "predict" and given is None:
            return mean
        epsilon = torch.randn_like(mean) if given is None else given
        return mean + (log_variance / 2).exp() * epsilon

    def _standard_normal(self, op: Sample, values: Mapping[str, Tensor], noise: Mapping[str, Tensor]) -> Tensor:
        like = next(iter(values.values()), next(iter(noise.values()), None))
        if like is None:
            raise ValueError(
                f"generating without inputs requires noise of shape (batch, {op.size}) for {op.connection}"
            )
        return torch.randn(like.shape[0], op.size, dtype=like.dtype, device=like.device)

    def _read(self, values: Mapping[str, Tensor], buffer: str) -> Tensor:
        if buffer not in values:
            raise ValueError(f"the model needs input {buffer!r}, but got {', '.join(values) or 'none'}")
        return values[buffer]


def _one_hot(classes: Tensor, count: int) -> Tensor:
    """Classes (batch, count), made from numbers (batch,) if they are numbers."""
    return classes if classes.dim() == 2 else (classes[:, None] == torch.arange(count, device=classes.device)).float()


def _loss(term: LossTerm, prediction: Tensor, truth: Tensor, weights: Tensor | None, critics: Critics) -> Tensor:
    loss = LOSSES[term.kind]
    if not loss.critic:
        return loss(prediction, truth, weights)
    if term.name not in critics:
        raise ValueError(f"the loss {term.name} needs a critic; valp.train.critic.critics_of makes one")
    return loss(critics[term.name](prediction, truth, weights), truth, weights)
