"""Accuracies under the attack of Qian et al., eq. 25: one step by the sign of the gradient of the training loss.

Unlike the scores of a search, no other attack is tried, so that the figures compare with those of the paper. If a
bottleneck samples z, the gradient and the predictions are averaged over the same number of draws.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.score.attack import Rows, loss_gradients, perturbed
from valp.spaces.problem.attacking import Ranges
from valp.spaces.problem.splits import Split

SIZES = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30)
"""η of Qian et al."""

JOINT = "joint"
ROWS = 500
"""Rows in a forward pass."""

Accuracies = dict[str, list[float]]
"""For each output, and for `joint` if there are several, the accuracy at each η."""


def accuracies(
    module: VALPModule,
    split: Split,
    ranges: Ranges,
    *,
    weights: Sequence[float] = (),
    draws: int = 0,
    seed: int = 0,
    sizes: Sequence[float] = SIZES,
) -> tuple[Accuracies, float]:
    """The accuracies of a model with outputs of classes under attacks of several sizes.

    Args:
        module: the model.
        split: the rows, without missing labels.
        ranges: the ranges of the inputs, which attacked inputs keep to.
        weights: the weights of the losses of the attack, in the order of `loss_names`; by default β.
        draws: the samples of z over which gradients and predictions are averaged; 0 takes the mean of z.
        seed: the seed of these samples.
        sizes: η.

    Returns:
        The accuracies, and the share of rows whose gradient is zero.
    """
    module.eval()
    generator = torch.Generator().manual_seed(seed)
    noise = tuple(module.drawn_noise(len(split), generator) for _ in range(draws))
    rows = Rows(split.inputs, split.truths, {}, noise)
    found = loss_gradients(module, rows, list(ranges), torch.tensor(weights) if weights else None)
    names, made = list(module.plan.outputs), Accuracies()
    for size in sizes:
        values = probabilities(module, perturbed(split.inputs, found.signs, size, ranges), noise)
        right = torch.stack([values[name].argmax(1) == split.truths[name] for name in names])
        for name, one in zip(names, right, strict=True):
            made.setdefault(name, []).append(one.double().mean().item())
        if len(names) > 1:
            made.setdefault(JOINT, []).append(right.all(0).double().mean().item())
    return made, found.zero.double().mean().item()


@torch.inference_mode()
def probabilities(
    module: VALPModule, inputs: Mapping[str, Tensor], noise: Sequence[Mapping[str, Tensor]]
) -> dict[str, Tensor]:
    """The predicted probabilities (n, classes) of each output, averaged over the draws of the noise."""
    parts: dict[str, list[Tensor]] = {name: [] for name in module.plan.outputs}
    for start in range(0, len(next(iter(inputs.values()))), ROWS):
        rows = slice(start, start + ROWS)
        taken = {name: tensor[rows] for name, tensor in inputs.items()}
        passes = [module(taken, "predict", {name: z[rows] for name, z in draw.items()}) for draw in noise or ({},)]
        for name, part in parts.items():
            part.append(torch.stack([one[name] for one in passes]).mean(0))
    return {name: torch.cat(part) for name, part in parts.items()}
