"""`TorchExecutor`: trains any module on any device, under autograd."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

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
from valp.train.balance.loss_reach import LossReach
from valp.train.batches import Draws
from valp.train.combined_gradients import CombinedGradients
from valp.train.critic import critics_of
from valp.train.optimizer import MOMENTUM, Optimizer
from valp.train.present_labels import PresentLabels
from valp.train.representation_gradients import RepresentationGradients
from valp.train.schedule import Schedule
from valp.train.step_observer import StepObserver
from valp.train.stopwatch import Stopwatch


class TorchExecutor:
    """Trains a module under autograd, with torch's optimisers.

    Args:
        module: what to train, on the device of the tensors.
        inputs, truths, weights: as in `valp.train.fit.fit`.
        draws: the examples and the noise of each step.
        schedule: β and the learning rate of each step.
        balancer: the balancing method.
        settings: all settings of the balancer.
        seed: the seed of the critics' initial weights.
        optimizer: the optimiser.
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
        reach: LossReach,
        optimizer: Optimizer = "adam",
        observer: StepObserver | None = None,
    ) -> None:
        self._module, self._data, self._draws = module, (inputs, truths, weights), draws
        self._observer = observer
        self._device = next(module.parameters()).device
        self._weights: Callable[[Tensor], Tensor] | None = None
        self._weighing: LossWeighing | None = None
        self._learn: Callable[[LossStep], None] | None = None
        self._combined: CombinedGradients | RepresentationGradients | None = None
        self._terms = module.terms
        if isinstance(balancer, ScheduledBalancer):
            self._weights = partial(balancer.weights, reach=reach, settings=settings)
        elif isinstance(balancer, LossBalancer):
            self._weighing = weighing = balancer.begin(reach, settings, self._device)
            self._learn = weighing.learn if weighing.again else None
        elif isinstance(balancer, GradientBalancer):
            self._combined = CombinedGradients(module, reach, balancer.begin(reach, settings, self._device))
        elif isinstance(balancer, RepresentationBalancer):
            combined = RepresentationGradients(module, reach, balancer.begin(reach, settings, self._device))
            self._combined, self._terms = combined, combined.terms
        self._optimizer = _optimizer(module, optimizer)
        self._present = PresentLabels(module.plan, weights)
        self._critics = critics_of(module, reach.seed)
        self._schedule, self._made = schedule, 0

    def means(self, steps: int, watch: Stopwatch, pause: Callable[[], None] | None = None) -> tuple[float, ...]:
        """Takes steps. Returns the mean over these steps of the total loss (with the final β) and of each term.

        `pause` is called before each step.
        """
        sums = torch.zeros(len(self._module.loss_names), device=self._device)
        scheduled = self._schedule.betas(self._made, steps)
        weights = scheduled if self._weights is None else self._weights(scheduled)
        betas = weights.to(self._device, torch.float32)
        rates = self._schedule.rates(self._made, steps).tolist()
        for step in range(steps):
            if pause is not None:
                pause()
            with watch("draws"):
                rows = self._draws.rows().to(self._device)
                noise = {connection: values.to(self._device) for connection, values in self._draws.noise().items()}
            with watch("steps"):
                x, y, w = (
                    {name: tensor.index_select(0, rows) for name, tensor in tensors.items()} for tensors in self._data
                )
                terms = self._terms(x, y, noise, w, self._critics)
                self._optimizer.param_groups[0]["lr"] = rates[step]
                self._optimizer.zero_grad()
                now = LossStep(terms, betas[step], partial(self._present, rows))
                self._differentiate(self._made + step + 1, now, rates[step])
                self._optimizer.step()
                sums += terms.detach()
                if self._learn is not None:
                    again = self._terms_again(x, y, noise, w)
                    self._learn(LossStep(again, betas[step], partial(self._present, rows)))
        self._made += steps
        means = sums.to("cpu", torch.float64) / steps
        return float(self._schedule.final @ means), *means.tolist()

    def _differentiate(self, number: int, step: LossStep, rate: float) -> None:
        """Sets the gradients of the parameters in a step, whose losses have their autograd graph.

        `number` counts the steps from 1, and `rate` is the learning rate.
        """
        observer = self._observer if self._observer is not None and self._observer.due(number) else None
        if observer is not None:
            observer.losses(number, step)
        weights: Tensor | None = None
        if self._combined is not None:
            self._combined(step)
        else:
            weights = step.betas
            if self._weighing is not None:
                weights = self._weighing.weights(replace(step, losses=step.losses.detach()), rate)
            torch.autograd.backward((step.losses * weights).sum())
        if observer is not None:
            observer.gradients(weights)

    def finish(self) -> None:
        """Logs what the balancing method did. The module already has its parameters."""
        summary = None if self._combined is None else self._combined.summary()
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


def _optimizer(module: VALPModule, optimizer: Optimizer) -> torch.optim.Optimizer:
    """The optimiser of a module's parameters. Each step sets its learning rate."""
    if optimizer == "sgd":
        return torch.optim.SGD(module.parameters(), lr=0.0, momentum=MOMENTUM)
    return torch.optim.Adam(module.parameters(), fused=True)
