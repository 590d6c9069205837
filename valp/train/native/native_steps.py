"""How the native executor takes steps, for each type of balancing method."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valp.plan.plan import Plan
from valp.train.balance.balance import Value
from valp.train.balance.balancer import (
    Balancer,
    GradientBalancer,
    GradientCombining,
    GroupGradients,
    LossBalancer,
    LossStep,
    LossWeighing,
    ScheduledBalancer,
)
from valp.train.balance.loss_reach import LossReach
from valp.train.native.interpreter import Batches, Interpreter
from valp.train.native.program import Form, UnsupportedError
from valp.train.present_labels import PresentLabels

CPU = torch.device("cpu")


class NativeSteps(ABC):
    """Takes steps with an interpreter.

    Args:
        interpreter: the program, with its arrays.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter

    @abstractmethod
    def take(self, batches: Batches, betas: Tensor) -> None:
        """Takes steps on some batches. `betas` are those of the schedule, (steps, K), float64."""

    def summary(self) -> str | None:
        """What the method did in the training so far, in one sentence for the log; None if there is nothing to say."""
        return None


class ScheduledSteps(NativeSteps):
    """Steps of a `ScheduledBalancer`: all at once, without a call of Python between them.

    Args:
        interpreter: a program of the form `sum`.
        weights: the weights of the losses from the β of the schedule.
    """

    def __init__(self, interpreter: Interpreter, weights: Callable[[Tensor], Tensor]) -> None:
        super().__init__(interpreter)
        self._weights, self._whole = weights, interpreter.whole

    def take(self, batches: Batches, betas: Tensor) -> None:
        """See `NativeSteps`."""
        weights = self._weights(betas).numpy()
        self._interpreter.run(batches, weights, parts=self._interpreter.program.parts, updates=self._whole)


class WeighedSteps(NativeSteps):
    """Steps of a `LossBalancer`: the losses, then their weights, then one way back.

    Args:
        interpreter: a program of the form `weigh`.
        weighing: the method, as begun for one training.
        present: which losses have a label in some batches of examples.
    """

    def __init__(self, interpreter: Interpreter, weighing: LossWeighing, present: Callable[[Tensor], Tensor]) -> None:
        super().__init__(interpreter)
        self._weighing, self._present, self._whole = weighing, present, interpreter.whole
        self._ones = np.ones((1, len(interpreter.terms)))

    def take(self, batches: Batches, betas: Tensor) -> None:
        """See `NativeSteps`."""
        run, (losses, back) = self._interpreter.run, np.split(self._interpreter.program.parts, 2)
        found = loss_steps(self._interpreter, betas, self._present(torch.from_numpy(batches.rows)))
        for step, rate in enumerate(batches.rates.tolist()):
            one = batches[step]
            run(one, self._ones, parts=losses)
            weights = self._weighing.weights(found(step), rate).numpy().astype(np.float64)[None]
            run(one, weights, forward=False, parts=back, updates=self._whole)
            if self._weighing.again:
                run(one, self._ones, parts=losses, counted=False)
                self._weighing.learn(found(step))


class CombinedSteps(NativeSteps):
    """Steps of a `GradientBalancer`: forward, each loss back alone, then an update by the combined gradients.

    Parameters that no loss of the batch reaches are not updated.

    Args:
        interpreter: a program of the form `separate`.
        combining: the method, as begun for one training.
        present: which losses have a label in some batches of examples.
    """

    def __init__(
        self, interpreter: Interpreter, combining: GradientCombining, present: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__(interpreter)
        self._combining, self._present = combining, present
        groups, slopes = interpreter.program.groups, torch.from_numpy(interpreter.slopes)
        self._gradients = [
            GroupGradients(
                place, group.losses, slopes[group.gradients :][: len(group.losses) * size].view(len(group.losses), size)
            )
            for place, group in enumerate(groups)
            for size in (group.high - group.low,)
        ]
        self._directions = [gradients.matrix[0] for gradients in self._gradients]
        """Where the combined gradient of each group is written: over that of its first loss, which is then free."""
        self._updates = np.array(
            [[group.low, group.high, group.gradients, place] for place, group in enumerate(groups)], np.int64
        )

    def take(self, batches: Batches, betas: Tensor) -> None:
        """See `NativeSteps`."""
        run, weights = self._interpreter.run, betas.numpy()
        there = self._present(torch.from_numpy(batches.rows))
        found = loss_steps(self._interpreter, betas, there)
        for step, (present, complete) in enumerate(zip(there.numpy(), there.all(1).tolist(), strict=True)):
            one, weight = batches[step], weights[step : step + 1]
            parts, gradients, updates = self._interpreter.program.parts, self._gradients, self._updates
            if complete:
                run(one, weight, parts=parts)
            else:
                run(one, weight, parts=np.where(present[:, None] | (np.arange(4) < 3), parts, parts[:, [2] * 4]))
                gradients = [part for whole in gradients if (part := _of_present(whole, present)) is not None]
                updates = updates[[part.group for part in gradients]]
            for part, direction in zip(gradients, self._combining.combine(found(step), gradients), strict=True):
                place = self._directions[part.group]
                if direction.data_ptr() != place.data_ptr():
                    place.copy_(direction)
            run(one, weight, forward=False, updates=updates)

    def summary(self) -> str | None:
        """See `NativeSteps`."""
        return self._combining.summary()


def _of_present(gradients: GroupGradients, present: NDArray[np.bool_]) -> GroupGradients | None:
    """The gradients of the losses that are present; None if there are none."""
    kept = [row for row, loss in enumerate(gradients.losses) if present[loss]]
    if len(kept) == len(gradients.losses):
        return gradients
    losses = tuple(gradients.losses[row] for row in kept)
    return GroupGradients(gradients.group, losses, gradients.matrix[kept]) if kept else None


def loss_steps(interpreter: Interpreter, betas: Tensor, present: Tensor) -> Callable[[int], LossStep]:
    """A function that returns what a balancing method knows of the step that the interpreter has just taken.

    Args:
        interpreter: the program, with its arrays.
        betas: those of the schedule, (steps, K).
        present: which losses have a label in the batch of each step, (steps, K).
    """
    single = betas.to(torch.float32)

    def found(step: int) -> LossStep:
        losses = torch.from_numpy(interpreter.terms.astype(np.float32))
        return LossStep(losses, single[step], lambda: present[step])

    return found


def form_of(balancer: Balancer) -> Form:
    """The form of program that a balancing method needs.

    Raises:
        UnsupportedError: if there is none.
    """
    if isinstance(balancer, ScheduledBalancer):
        return "sum"
    if isinstance(balancer, LossBalancer):
        return "weigh"
    if isinstance(balancer, GradientBalancer):
        return "separate"
    raise UnsupportedError(f"the balancing method {balancer.code!r}")


def steps_of(
    interpreter: Interpreter,
    plan: Plan,
    weights: Mapping[str, Tensor],
    balancer: Balancer,
    settings: Mapping[str, Value],
    reach: LossReach,
) -> NativeSteps:
    """Begins a training by a balancing method. The interpreter's program has the form that the method needs.

    Args:
        interpreter: the program, with its arrays.
        plan: the plan that is trained.
        weights: the weights of the labels by output.
        balancer: the method.
        settings: all of its settings.
        reach: the losses and the layers that they train.
    """
    present = PresentLabels(plan, weights)
    if isinstance(balancer, ScheduledBalancer):
        return ScheduledSteps(interpreter, partial(balancer.weights, reach=reach, settings=settings))
    if isinstance(balancer, LossBalancer):
        return WeighedSteps(interpreter, balancer.begin(reach, settings, CPU), present)
    assert isinstance(balancer, GradientBalancer), "`form_of` refuses other methods"
    return CombinedSteps(interpreter, balancer.begin(reach, settings, CPU), present)
