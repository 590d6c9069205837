"""`CombinedGradients`: the backward pass for balancing methods that combine the gradients of the losses."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from valp.compile.module import VALPModule
from valp.train.balance.balancer import GradientCombining, GroupGradients, LossStep
from valp.train.balance.loss_reach import LossReach, ParameterGroup


class CombinedGradients:
    """Combines the gradients of the losses by a method, and sets the result as the gradients of the parameters.

    A step takes one backward pass for each loss that has a label in the batch, over the layers that this loss reaches.
    Parameters that none of these losses reaches get no gradient.

    Args:
        module: the module with the parameters.
        reach: the losses and the layers that they reach.
        combining: the method, as begun for one training.
    """

    def __init__(self, module: VALPModule, reach: LossReach, combining: GradientCombining) -> None:
        self._combining, self._reach = combining, reach
        self._parameters = [parameters_of(module, group) for group in reach.groups]

    def __call__(self, step: LossStep) -> None:
        """Differentiates the losses of a step, which still have their autograd graph, and sets the gradients."""
        gradients = gradients_by_group(step, self._reach, self._parameters)
        combined = self._combining.combine(replace(step, losses=step.losses.detach()), gradients)
        for one, direction in zip(gradients, combined, strict=True):
            parameters = self._parameters[one.group]
            for parameter, part in zip(
                parameters, torch.split(direction, [p.numel() for p in parameters]), strict=True
            ):
                parameter.grad = part.reshape(parameter.shape).clone()

    def summary(self) -> str | None:
        """What the method says about the training so far."""
        return self._combining.summary()


def gradients_by_group(step: LossStep, reach: LossReach, tensors: Sequence[Sequence[Tensor]]) -> list[GroupGradients]:
    """The gradients of all losses that have a label in the batch, by some tensors of each group.

    Args:
        step: the losses, which still have their autograd graph.
        reach: the losses and the groups that they reach.
        tensors: for each group, its parameters or its representation.
    """
    present = step.present.tolist()
    rows: list[dict[int, Tensor]] = [{} for _ in reach.groups]
    weighted = step.losses * step.betas
    for loss in sorted({loss for group in reach.groups for loss in group.losses if present[loss]}):
        reached = [place for place, group in enumerate(reach.groups) if loss in group.losses]
        wanted = [tensor for place in reached for tensor in tensors[place]]
        found = iter(torch.autograd.grad(weighted[loss], wanted, retain_graph=True, materialize_grads=True))
        for place in reached:
            rows[place][loss] = torch.cat([next(found).flatten() for _ in tensors[place]])
    return [GroupGradients(place, tuple(row), torch.stack(list(row.values()))) for place, row in enumerate(rows) if row]


def parameters_of(module: VALPModule, group: ParameterGroup) -> list[nn.Parameter]:
    """The parameters of a group's layers, including those of their batch normalisation."""
    prefixes = tuple(f"layers.{layer}{norm}." for layer in group.layers for norm in ("", "-norm"))
    return [parameter for name, parameter in module.named_parameters() if name.startswith(prefixes)]
