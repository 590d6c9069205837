"""Attacks on the inputs of a VALP by the fast gradient sign method (Goodfellow et al. 2015, arXiv:1412.6572).

x̃ = x + η·sign(∇_x L), clipped to the range of the data (Qian et al., eq. 25). Inputs of classes and labels stay as they
are. The size η is in the units that the model sees: shares of the grey scale for pixels that are scaled to [0, 1],
standard deviations for standardised numbers.

Three types of attack, because each of the first two can be evaded alone:

1. L is the training loss Σ β_j·L_j with the β of the graph, also if another balancing method trained it. A graph evades
   it by a loss with a large β: the attack then increases this loss and hardly changes the other outputs.
2. L is the error of one output: the margin max_{j≠y} z_j − z_y of its logits (Carlini and Wagner 2017,
   arXiv:1608.04644), Σ (1 − 2g)·z over labels, or Σ (p − g)² over variables. It is computed for each output that is
   predicted. The margin has a gradient where the softmax is saturated and the cross-entropy has none.
3. Signs at random. They also change inputs where no gradient does, as sign(0) = 0.

In 1 and 2 latent variables are their means, as in predictions. In the mode `generate` 2 has the noise of predictions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.graph.graph import DataType
from valp.plan.operation import Normalise
from valp.plan.plan import Mode
from valp.score.scored_output import ScoredOutput

ROWS = 200
"""The most rows that are differentiated at once."""

Signs = Mapping[str, Tensor]
"""For each input that is attacked, int8 (n, size): −1, 0 or 1."""

Loss = Callable[["Rows", Mapping[str, Tensor]], Tensor]
"""Computes a scalar from rows and their inputs, which are leaves of the autograd graph."""


@dataclass(frozen=True)
class Gradients:
    """The gradients of an error of n rows with respect to the inputs.

    Attributes:
        signs: their signs; 0 where a gradient is not a finite number.
        zero: bool, (n,), the rows in which all are 0.
    """

    signs: Signs
    zero: Tensor


@dataclass(frozen=True)
class Rows:
    """n rows and their labels.

    Attributes:
        inputs: (n, size) for each input.
        truths: for each output (n, size), or (n,) classes; finite even where they are missing.
        weights: for outputs with missing labels or class weights, as in `VALPModule.losses`.
        noise: draws of the noise, each with (n, k) for each latent connection and what else `VALPModule.drawn_noise`
            draws. Losses and errors are the sums over the draws. Empty for means instead of noise.
    """

    inputs: Mapping[str, Tensor]
    truths: Mapping[str, Tensor]
    weights: Mapping[str, Tensor]
    noise: Sequence[Mapping[str, Tensor]] = ()

    @property
    def draws(self) -> Sequence[Mapping[str, Tensor]]:
        """The draws of the noise, one without noise if there are none."""
        return self.noise or ({},)

    def parts(self) -> "Iterable[Rows]":
        """Up to `ROWS` rows at a time."""
        for start in range(0, len(next(iter(self.inputs.values()))), ROWS):
            rows = slice(start, start + ROWS)
            inputs, truths, weights = (_taken(part, rows) for part in (self.inputs, self.truths, self.weights))
            yield Rows(inputs, truths, weights, tuple(_taken(draw, rows) for draw in self.noise))


def loss_gradients(module: VALPModule, rows: Rows, among: Sequence[str], betas: Tensor | None = None) -> Gradients:
    """The gradients of the training loss Σ β_j·L_j, in evaluation mode. Latent variables without noise are their means.

    An adversarial loss is left out, because its critic no longer exists.

    Args:
        module: the VALP, in evaluation mode.
        rows: the rows.
        among: the inputs to differentiate by.
        betas: the weights of the losses; by default β.
    """

    def loss(part: Rows, inputs: Mapping[str, Tensor]) -> Tensor:
        count = len(next(iter(inputs.values())))
        means = {name: torch.zeros(count, k) for name, k in module.plan.noise.items()}
        critics = {term.name: lambda *_: torch.zeros(count) for term in module.plan.losses}
        totals = [
            module.losses(inputs, part.truths, means | dict(noise), part.weights, critics, betas)[0]
            for noise in part.draws
        ]
        return torch.stack(totals).sum() * count

    return _gradients(rows, among, loss)


def error_gradients(
    module: VALPModule, rows: Rows, among: Sequence[str], output: ScoredOutput, mode: Mode = "predict"
) -> Gradients:
    """The gradients of the error of one output; see the module.

    Args:
        module: the VALP, in evaluation mode.
        rows: the rows.
        among: the inputs to differentiate by.
        output: the output.
        mode: the mode of the predictions.
    """
    buffer = module.plan.outputs[output.name]
    if output.type is DataType.DISCRETE:
        normalised = [o for o in module.plan.operations if isinstance(o, Normalise) and o.out == buffer]
        buffer = normalised[0].source if normalised else buffer

    def loss(part: Rows, inputs: Mapping[str, Tensor]) -> Tensor:
        truth, weights = part.truths[output.name], part.weights.get(output.name)
        values = [module.run(inputs, [buffer], mode, noise)[buffer] for noise in part.draws]
        errors = torch.stack([_errors(output, one, truth) for one in values]).sum(0)
        if weights is not None:
            errors = errors * ((weights > 0) if weights.ndim == errors.ndim else (weights > 0)[:, None])
        return errors.sum()

    return _gradients(rows, among, loss)


def random_signs(inputs: Mapping[str, Tensor], among: Sequence[str], seed: int) -> Signs:
    """−1 or 1 for each variable of these inputs."""
    random = torch.Generator().manual_seed(seed)
    return {name: 2 * torch.randint(2, inputs[name].shape, generator=random, dtype=torch.int8) - 1 for name in among}


def perturbed(
    inputs: Mapping[str, Tensor], signs: Signs, size: float, ranges: Mapping[str, tuple[Tensor, Tensor]]
) -> dict[str, Tensor]:
    """The inputs, with `size`·signs added to those that have signs.

    The result is clipped to the range of the data. A value that is outside already stays there, but is not moved
    further out.

    Args:
        inputs: (n, size) for each input.
        signs: the signs.
        size: η.
        ranges: for each input with signs, the lowest and the highest value: one, or one for each variable.
    """
    moved = dict(inputs)
    for name, sign in signs.items():
        x, (low, high) = inputs[name], ranges[name]
        moved[name] = (x + size * sign).clamp(torch.minimum(x, low), torch.maximum(x, high))
    return moved


def _taken(tensors: Mapping[str, Tensor], rows: slice) -> dict[str, Tensor]:
    return {name: tensor[rows] for name, tensor in tensors.items()}


def _errors(output: ScoredOutput, values: Tensor, truth: Tensor) -> Tensor:
    """The error that an attack increases: (n,) of classes, (n, size) of labels and numbers."""
    if output.labels:
        return (1 - 2 * truth) * values
    if output.type is not DataType.DISCRETE:
        return (values - truth).square()
    true = torch.nn.functional.one_hot(truth, output.size).bool()
    return values.masked_fill(true, -torch.inf).amax(1) - values[true]


def _gradients(rows: Rows, among: Sequence[str], loss: Loss) -> Gradients:
    signs: dict[str, list[Tensor]] = {name: [] for name in among}
    zero: list[Tensor] = []
    with torch.inference_mode(False), torch.enable_grad():
        for part in rows.parts():
            leaves = {name: part.inputs[name].clone().requires_grad_() for name in among}
            total = loss(part, {**part.inputs, **leaves})
            found = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
            made = [torch.nan_to_num(g, nan=0.0, posinf=0.0, neginf=0.0).sign().to(torch.int8) for g in found]
            zero.append(torch.stack([(sign == 0).all(1) for sign in made]).all(0))
            for name, sign in zip(among, made, strict=True):
                signs[name].append(sign)
    return Gradients({name: torch.cat(found) for name, found in signs.items()}, torch.cat(zero))
