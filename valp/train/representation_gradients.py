"""`RepresentationGradients`: the backward pass for methods that combine gradients by the shared representations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from valp.compile.module import Critics, VALPModule
from valp.train.balance.balancer import GradientCombining, LossStep
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.representation import representations
from valp.train.combined_gradients import gradients_by_group, parameters_of


class RepresentationGradients:
    """Combines the gradients of the losses by the representations, and takes the results back to the parameters.

    A step takes one backward pass for each loss that has a label in the batch, through what only this loss reaches and
    by the representations of the other groups, and one more through each of the other groups. Parameters that none of
    these losses reaches get no gradient.

    Args:
        module: the module with the parameters.
        reach: the losses and the layers that they reach.
        combining: the method, as begun for one training.
    """

    def __init__(self, module: VALPModule, reach: LossReach, combining: GradientCombining) -> None:
        self._module, self._combining, self._reach = module, combining, reach
        self._parameters = [parameters_of(module, group) for group in reach.groups]
        self._cut = representations(module.plan, reach.groups)
        self._values: dict[str, Tensor] = {}

    def terms(
        self,
        inputs: Mapping[str, Tensor],
        truths: Mapping[str, Tensor],
        noise: Mapping[str, Tensor] | None = None,
        weights: Mapping[str, Tensor] | None = None,
        critics: Critics | None = None,
    ) -> Tensor:
        """The loss terms, as `VALPModule.terms`; the representations are kept for the backward pass."""
        values = dict(inputs)
        self._module.run_operations(self._cut.operations, values, "train", noise or {})
        self._values = {copy: values[copy] for copy in self._cut.copies.values()}
        read = values | {buffer: values[copy] for buffer, copy in self._cut.copies.items()}
        return self._module.terms_of(read, truths, weights, critics)

    def __call__(self, step: LossStep) -> None:
        """Differentiates the losses of a step, which `terms` has computed, and sets the gradients of the parameters."""
        own = [len(group.losses) == 1 for group in self._reach.groups]
        tensors: list[Sequence[Tensor]] = [
            self._parameters[number] if alone else self._of(number) for number, alone in enumerate(own)
        ]
        gradients = gradients_by_group(step, self._reach, tensors)
        combined = self._combining.combine(replace(step, losses=step.losses.detach()), gradients)
        for one, direction in zip(gradients, combined, strict=True):
            values, parameters = tensors[one.group], self._parameters[one.group]
            parts = torch.split(direction, [value.numel() for value in values])
            found = [part.reshape(value.shape) for part, value in zip(parts, values, strict=True)]
            if not own[one.group]:
                found = list(torch.autograd.grad(values, parameters, found, retain_graph=True, materialize_grads=True))
            for parameter, gradient in zip(parameters, found, strict=True):
                parameter.grad = torch.empty_like(parameter).copy_(gradient)  # the fused Adam needs equal layouts
        self._values = {}

    def summary(self) -> str | None:
        """What the method says about the training so far."""
        return self._combining.summary()

    def _of(self, group: int) -> list[Tensor]:
        """The representation of a group: tensors (batch, size)."""
        return [self._values[copy] for copy in self._cut.groups[group]]
