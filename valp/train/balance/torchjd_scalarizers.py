"""Scalarizers of TorchJD (https://torchjd.org) as balancing methods: they combine the losses, not their gradients.

TorchJD computes the total; see `TorchJDScalarizer`. It also has scalarizers that are left out here: uncertainty
weighting and DWA have rows of their own, its IMTL-L has the optima of uncertainty weighting, and PBI and COSMOS ask for
preferences among the tasks.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from valp.train.balance.balance import Value
from valp.train.balance.balancer import LossBalancer, LossStep, LossWeighing
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.method_setting import MethodSetting, NumberSetting
from valp.train.balance.positive_losses import PositiveLosses
from valp.train.balance.torchjd_methods import FromTorchJD, seed_of_call

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class TorchJDScalarizer(FromTorchJD, LossBalancer):
    """A function of the losses β_m·L_m of the tasks, differentiated once. TorchJD computes it and its slopes k_m.

    L_m is what lies above the floor of the loss. The tasks are the supervised losses with β > 0 and a label in the
    batch. The gradient is Σ_m k_m·∇_m, plus mean(k) · Σ ∇ over the KL losses, which compare no prediction with a truth:
    with equal slopes, it is that of fixed β, times the slope.

    Attributes:
        positive: whether it takes the logarithm of losses. They then count as in `PositiveLosses`.
        again: as in `LossWeighing`.
    """

    positive: ClassVar[bool] = False
    again: ClassVar[bool] = False

    @abstractmethod
    def scalarizer(self, tasks: int, settings: Mapping[str, Value]) -> Any:
        """TorchJD's scalarizer for a number of tasks."""

    def begin(
        self,
        reach: LossReach,
        settings: Mapping[str, Value],
        device: "torch.device",  # noqa: ARG002
    ) -> "ScalarizedLosses":
        """See `LossBalancer`."""
        return ScalarizedLosses(reach, lambda tasks: self.scalarizer(tasks, settings), self.positive, self.again)


class ScalarizedLosses(LossWeighing):
    """A scalarizer of TorchJD in one training: one object for each set of tasks, because some have a state.

    Args:
        reach: the losses.
        make: makes a scalarizer for a number of tasks.
        positive: as in `TorchJDScalarizer`.
        again: as in `LossWeighing`.
    """

    def __init__(self, reach: LossReach, make: Callable[[int], Any], positive: bool, again: bool) -> None:
        self._reach, self._make, self.again = reach, make, again
        self._positive = PositiveLosses() if positive else None
        self._scalarizers: dict[tuple[int, ...], Any] = {}
        self._calls = 0

    def weights(self, step: LossStep, rate: float) -> "Tensor":  # noqa: ARG002
        """See `LossWeighing`. TorchJD's random weights follow from the seed and the number of calls."""
        import torch

        tasks = self._present(step)
        factors = torch.ones(len(self._reach.betas), dtype=step.losses.dtype)
        self._calls += 1
        if tasks:
            values = self._values(step, tasks, note=True).requires_grad_()
            if tasks not in self._scalarizers:
                self._scalarizers[tasks] = self._make(len(tasks))
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(seed_of_call(self._reach.seed, self._calls))
                slopes = torch.autograd.grad(self._scalarizers[tasks](values), values)[0]
            factors[list(self._reach.divergent)] = slopes.mean()
            factors[list(tasks)] = slopes
        return factors.to(step.losses.device) * step.betas

    def learn(self, step: LossStep) -> None:
        """See `LossWeighing`."""
        tasks = self._present(step)
        if tasks:
            self._scalarizers[tasks].update(self._values(step, tasks))

    def _present(self, step: LossStep) -> tuple[int, ...]:
        """The tasks of a batch."""
        present = step.present.tolist()
        return tuple(task for task in self._reach.tasks if present[task])

    def _values(self, step: LossStep, tasks: tuple[int, ...], note: bool = False) -> "Tensor":
        """β·L of some tasks above their floors, (tasks,), on the CPU; `note` notes them where they must be positive."""
        import torch

        values = (self._reach.above_floors(step.losses) * step.betas).detach().cpu()[list(tasks)]
        if self._positive is None:
            return values
        numbers = list(zip(tasks, values.tolist(), strict=True))
        for task, value in numbers if note else ():
            self._positive.see(task, value)
        return torch.tensor([self._positive.of(task, value) for task, value in numbers], dtype=values.dtype)


class FAMOMethod(TorchJDScalarizer):
    """Σ_m k_m·∇_m that lowers the logarithms of all losses at about the same rate.

    k_m = c·z_m / L_m with z = softmax(w), and c such that Σ k = 1. After each step the losses of the same batch are
    computed again, and Adam raises w of the tasks whose logarithm has fallen less (Liu et al. 2023, Algorithm 1).
    """

    code, title = "famo", "FAMO, all losses fall at the same rate, by TorchJD (Liu et al. 2023, arXiv:2306.03792)"
    positive = again = True
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "rate": NumberSetting("the learning rate of w", 0.025, 0.001, 0.1, log_scale=True, least=0.0, most=1.0),
        "decay": NumberSetting("the weight decay γ of w", 1e-3, 1e-5, 1e-2, log_scale=True, least=0.0, most=1.0),
    }

    def scalarizer(self, tasks: int, settings: Mapping[str, Value]) -> Any:
        """See `TorchJDScalarizer`."""
        from torchjd.scalarization import FAMO

        return FAMO(tasks, lr=float(settings["rate"]), weight_decay=float(settings["decay"]))


class GeometricMeanMethod(TorchJDScalarizer):
    """(Π_m L_m)^(1/M): a task counts by the relative change of its loss, whatever its unit."""

    code, title = "gls", "the geometric mean of the losses by TorchJD (Chennupati et al. 2019)"
    positive = True

    def scalarizer(self, tasks: int, settings: Mapping[str, Value]) -> Any:  # noqa: ARG002
        """See `TorchJDScalarizer`."""
        from torchjd.scalarization import GeometricMean

        return GeometricMean()


class SmoothTchebycheffMethod(TorchJDScalarizer):
    """μ·log Σ_m exp(L_m / (M·μ)), a smooth maximum of the losses: the largest loss gets most of the weight."""

    code, title = "stch", "smooth Tchebycheff, a soft maximum of the losses, by TorchJD (Lin et al. 2024)"
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "mu": NumberSetting("μ; lower is closer to the maximum", 0.1, 0.01, 1.0, log_scale=True, least=1e-6)
    }

    def scalarizer(self, tasks: int, settings: Mapping[str, Value]) -> Any:  # noqa: ARG002
        """See `TorchJDScalarizer`."""
        from torchjd.scalarization import STCH

        return STCH(mu=float(settings["mu"]))


class RandomWeightsMethod(TorchJDScalarizer):
    """Σ_m k_m·L_m with weights drawn anew in each step: the softmax of normal numbers. A control."""

    code, title = "rlw", "random weights in each step by TorchJD (Lin et al. 2021, arXiv:2111.10603)"

    def scalarizer(self, tasks: int, settings: Mapping[str, Value]) -> Any:  # noqa: ARG002
        """See `TorchJDScalarizer`."""
        from torchjd.scalarization import Random

        return Random()


TORCHJD_SCALARIZERS = (FAMOMethod(), GeometricMeanMethod(), SmoothTchebycheffMethod(), RandomWeightsMethod())
"""The methods, for the table."""
