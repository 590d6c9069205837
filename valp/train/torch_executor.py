"""`TorchExecutor`: trains any module on any device, under autograd."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.train.balance.balance import Value
from valp.train.balance.balancer import (
    Balancer,
    GradientBalancer,
    LossBalancer,
    LossStep,
    LossWeighing,
    RepresentationBalancer,
    ScheduledBalancer,
)
from valp.train.balance.loss_reach import loss_reach
from valp.train.batches import Draws
from valp.train.combined_gradients import CombinedGradients
from valp.train.critic import critics_of
from valp.train.representation_gradients import RepresentationGradients
from valp.train.schedule import Schedule
from valp.train.step_observer import StepObserver
from valp.train.stopwatch import Stopwatch


class TorchExecutor:
    """Trains a module under autograd, with torch's Adam.

    Args:
        module: what to train, on the device of the tensors.
        inputs, truths, weights: as in `valp.train.fit.fit`.
        draws: the examples and the noise of each step.
        schedule: β and the learning rate of each step.
        balancer: the balancing method.
        settings: all settings of the balancer.
        seed: the seed of the critics' initial weights.
        observer: looks at the steps.
    """

    balancers: tuple[type[Balancer], ...] = (
        ScheduledBalancer,
        LossBalancer,
        GradientBalancer,
        RepresentationBalancer,
    )
    """The balancing methods that it supports."""

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
        seed: int,
        observer: StepObserver | None = None,
    ) -> None:
        self._module, self._data, self._draws = module, (inputs, truths, weights), draws
        self._observer = observer
        self._device = next(module.parameters()).device
        groups: list[dict[str, Any]] = [{"params": list(module.parameters()), "multiple": 1.0}]
        self._weights: Callable[[Tensor], Tensor] | None = None
        self._backward: Callable[[LossStep], None] | None = None
        self._learn: Callable[[LossStep], None] | None = None
        self._terms = module.terms
        reach = loss_reach(module.plan)
        if isinstance(balancer, ScheduledBalancer):
            self._weights = partial(balancer.weights, reach=reach, settings=settings)
        elif isinstance(balancer, LossBalancer):
            weighing = balancer.begin(reach, settings, self._device)
            groups.append({"params": list(weighing.parameters), "multiple": weighing.rate})
            self._backward = partial(_backward, weighing)
            self._learn = weighing.learn if weighing.again else None
        elif isinstance(balancer, GradientBalancer):
            self._backward = CombinedGradients(module, reach, balancer.begin(reach, settings, self._device))
        elif isinstance(balancer, RepresentationBalancer):
            representing = RepresentationGradients(module, reach, balancer.begin(reach, settings, self._device))
            self._backward, self._terms = representing, representing.terms
        self._optimizer = torch.optim.Adam([group for group in groups if group["params"]], fused=True)
        self._critics = critics_of(module, seed)
        self._schedule, self._made = schedule, 0

    def means(self, steps: int, watch: Stopwatch) -> tuple[float, ...]:
        """Takes steps. Returns the mean over these steps of the total loss (with the final β) and of each term."""
        sums = torch.zeros(len(self._module.loss_names), device=self._device)
        scheduled = self._schedule.betas(self._made, steps)
        weights = scheduled if self._weights is None else self._weights(scheduled)
        betas = weights.to(self._device, torch.float32)
        rates = self._schedule.rates(self._made, steps).tolist()
        for step in range(steps):
            with watch("draws"):
                rows = self._draws.rows().to(self._device)
                noise = {connection: values.to(self._device) for connection, values in self._draws.noise().items()}
            with watch("steps"):
                x, y, w = (
                    {name: tensor.index_select(0, rows) for name, tensor in tensors.items()} for tensors in self._data
                )
                terms = self._terms(x, y, noise, w, self._critics)
                for group in self._optimizer.param_groups:
                    group["lr"] = rates[step] * group["multiple"]
                self._optimizer.zero_grad()
                self._differentiate(self._made + step + 1, LossStep(terms, betas[step], partial(self._present, w)))
                self._optimizer.step()
                sums += terms.detach()
                if self._learn is not None:
                    self._learn(LossStep(self._terms_again(x, y, noise, w), betas[step], partial(self._present, w)))
        self._made += steps
        means = sums.to("cpu", torch.float64) / steps
        return float(self._schedule.final @ means), *means.tolist()

    def _differentiate(self, number: int, step: LossStep) -> None:
        """Sets the gradients of the parameters in a step. `number` counts the steps from 1."""
        observer = self._observer if self._observer is not None and self._observer.due(number) else None
        if observer is not None:
            observer.losses(number, step)
            step.losses.retain_grad()  # afterwards, because the observer's own gradients would be added
        if self._backward is None:
            torch.autograd.backward((step.losses * step.betas).sum())
        else:
            self._backward(step)
        if observer is not None:
            combined = isinstance(self._backward, CombinedGradients | RepresentationGradients)
            observer.gradients(None if combined else step.losses.grad)

    def finish(self) -> None:
        """Logs what the balancing method did. The module already has its parameters."""
        backward = self._backward
        summary = backward.summary() if isinstance(backward, CombinedGradients | RepresentationGradients) else None
        if summary is not None:
            logging.getLogger(__name__).info("%s", summary)

    @torch.no_grad()
    def _terms_again(
        self, x: dict[str, Tensor], y: dict[str, Tensor], noise: dict[str, Tensor], w: dict[str, Tensor]
    ) -> Tensor:
        """The losses of a batch after its step. The running statistics of batch normalisation stay as they are."""
        kept = [(buffer, buffer.clone()) for buffer in self._module.layers.buffers()]
        terms = self._terms(x, y, noise, w, self._critics)
        for buffer, before in kept:
            buffer.copy_(before)
        return terms

    def _present(self, weights: Mapping[str, Tensor]) -> Tensor:
        """(K,) booleans: whether the batch has a label for each loss term; weights are by output."""
        plan = self._module.plan
        there = [bool((weights[term.truth] > 0).any()) if term.truth in weights else True for term in plan.losses] + [
            True
        ] * len(plan.divergences)
        return torch.tensor(there, device=self._device)


def _backward(weighing: LossWeighing, step: LossStep) -> None:
    torch.autograd.backward(weighing.total(step))
