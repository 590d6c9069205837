"""The base classes of balancing methods.

Notation: K loss terms L_j with weights β_j, in the order of `Plan.terms`. There are four types of method:

- `ScheduledBalancer`: its weights are known before a step.
- `LossBalancer`: it weighs the losses of a step; their weighted sum is differentiated once.
- `GradientBalancer`: it combines the gradients of the losses, separately for each group of parameters.
- `RepresentationBalancer`: it does so with the gradients by the representations of the groups.

A method is a row and has no state. What changes from step to step (learned weights, running means) is in the object
that `begin` makes for one training.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from valp.errors import SettingError
from valp.train.balance.balance import Value
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.method_setting import MethodSetting

if TYPE_CHECKING:  # reading a candidate must not load torch
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class LossStep:
    """The losses of one batch.

    Attributes:
        losses: (K,), L_j without β.
        betas: (K,), β_j of this step, the KL warm-up included.
    """

    losses: "Tensor"
    betas: "Tensor"
    _find_present: "Callable[[], Tensor]" = field(repr=False)

    @cached_property
    def present(self) -> "Tensor":
        """(K,) booleans: whether the batch has any label for the loss. If it has none, L_j is 0 and has no meaning."""
        return self._find_present()


class Balancer(ABC):
    """A balancing method: a row of `valp.train.balance.BALANCERS`. Write a subclass of one of the four below.

    Attributes:
        code: its name in a candidate and on the command line.
        title: a line about it, with its source.
        settings: its settings, by name.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    settings: ClassVar[Mapping[str, MethodSetting]] = {}

    def setting(self, name: str) -> MethodSetting:
        """The setting of a name. Raises SettingError if there is none."""
        if name not in self.settings:
            known = f"one of {', '.join(self.settings)}" if self.settings else "left out, because it has none"
            raise SettingError(f"the setting of the balancing method {self.code!r} must be {known}, but is {name!r}")
        return self.settings[name]

    def completed(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """All settings: the given values, and the defaults for the others.

        Raises:
            SettingError: if one is unknown, or its value is not possible.
        """
        for name, value in given.items():
            self.setting(name).require(f"{self.code}:{name}", value)
        return {name: given.get(name, setting.default) for name, setting in self.settings.items()}

    def idle_because(
        self,
        reach: LossReach,  # noqa: ARG002
        settings: Mapping[str, Value],  # noqa: ARG002
        steps: int,  # noqa: ARG002
    ) -> str | None:
        """Why a training by this method is one by `fixed`; None if the method may change something.

        Args:
            reach: the losses and the layers that they train.
            settings: all of its settings.
            steps: the steps of the training.
        """
        return None


class ScheduledBalancer(Balancer):
    """A method whose weights depend on the schedule alone: Σ_j w_j·L_j is differentiated, with w from β."""

    @abstractmethod
    def weights(self, betas: "Tensor", reach: LossReach, settings: Mapping[str, Value]) -> "Tensor":
        """The weights of some steps.

        Args:
            betas: (steps, K), β_j of each step.
            reach: the losses and the layers that they train.
            settings: all of its settings.

        Returns:
            (steps, K).
        """


class LossWeighing(ABC):
    """A `LossBalancer` in one training.

    Attributes:
        again: whether it learns from the losses of the same batch after the step; see `learn`.
    """

    again: bool = False

    @abstractmethod
    def weights(self, step: LossStep, rate: float) -> "Tensor":
        """The weight of each loss in a step, (K,): Σ_j w_j·L_j is differentiated, with w held constant.

        What the method learns itself takes its own step here.

        Args:
            step: the losses, without an autograd graph.
            rate: the learning rate of the networks in this step.
        """

    def learn(self, step: LossStep) -> None:  # noqa: B027  (most methods do not need it)
        """Takes the losses of the same batch after the step, which cost one more forward pass, if `again` is set."""


class LossBalancer(Balancer):
    """A method that weighs the losses of each step: one backward pass, whatever K is."""

    @abstractmethod
    def begin(self, reach: LossReach, settings: Mapping[str, Value], device: "torch.device") -> LossWeighing:
        """Begins a training.

        Args:
            reach: the losses and the layers that they train.
            settings: all of its settings.
            device: the device of the losses.
        """


@dataclass(frozen=True)
class GroupGradients:
    """The gradients of one group of parameters.

    A loss that does not reach the group, or has no label in the batch, has no row. It never counts as a zero gradient.

    Attributes:
        group: its index in `LossReach.groups`.
        losses: the m losses of the rows, ascending indices into `Plan.terms`.
        matrix: (m, n), the gradient of β_j·L_j by the n parameters of the group. Columns of zeros may pad it, and the
            next step overwrites it. For a `RepresentationBalancer`, a group that several losses can reach has the
            gradients by the n numbers of its representation: all variables of all examples of the batch.
    """

    group: int
    losses: tuple[int, ...]
    matrix: "Tensor"


class GradientCombining(ABC):
    """A `GradientBalancer` or a `RepresentationBalancer` in one training."""

    def combine(self, step: LossStep, gradients: Sequence[GroupGradients]) -> "list[Tensor]":
        """One gradient for each group, (n,); the optimiser steps against it.

        For a `RepresentationBalancer` and a group that several losses can reach, it is one by the representation, which
        is taken back to the parameters.

        By default a group that only one loss reaches gets the gradient of that loss, and every other group gets
        `direction`. A method that needs all groups at once overrides this.

        Args:
            step: the losses, without their autograd graph.
            gradients: the gradients of the groups that any loss of the batch reaches.
        """
        return [one.matrix[0] if len(one.losses) == 1 else self.direction(step, one) for one in gradients]

    @abstractmethod
    def direction(self, step: LossStep, gradients: GroupGradients) -> "Tensor":
        """The gradient of one group that several losses reach, (n,)."""

    def summary(self) -> str | None:
        """What the method did in the training so far, in one sentence for the log; None if there is nothing to say."""
        return None


class GradientBalancer(Balancer):
    """A method that combines the gradients of the losses: one backward pass for each loss, over what it reaches."""

    @abstractmethod
    def begin(self, reach: LossReach, settings: Mapping[str, Value], device: "torch.device") -> GradientCombining:
        """Begins a training; arguments as in `LossBalancer.begin`."""


class RepresentationBalancer(Balancer):
    """A method that combines the gradients of the losses by the representations of the groups of parameters.

    The representation of a group is what leaves it towards other networks or losses; see
    `valp.train.balance.representation`. The result is taken back through the group by one backward pass, so the
    gradients by the parameters are never computed for each loss.
    """

    @abstractmethod
    def begin(self, reach: LossReach, settings: Mapping[str, Value], device: "torch.device") -> GradientCombining:
        """Begins a training; arguments as in `LossBalancer.begin`."""
