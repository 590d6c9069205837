"""Aggregators of TorchJD (https://torchjd.org) as balancing methods. TorchJD computes the weights; see `TorchJDMethod`.

TorchJD and the solvers of some aggregators are in the extra `torchjd`.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from valp.errors import require_packages
from valp.train.balance.balance import Value
from valp.train.balance.balancer import Balancer, GradientBalancer, LossStep
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.method_setting import MethodSetting, NumberSetting
from valp.train.balance.weighted_gradients import TaskGradients, WeighsTasks, WeightedGradients

if TYPE_CHECKING:
    import torch

    from valp.train.balance.nearest_point import Floats


def seed_of_call(seed: int, call: int) -> int:
    """The seed of what TorchJD draws in one call."""
    return Random(f"{seed}:{call}").getrandbits(62)


class FromTorchJD(Balancer):
    """A method that TorchJD computes.

    Attributes:
        packages: the names by which the packages are imported that it needs.
    """

    packages: ClassVar[tuple[str, ...]] = ("torchjd",)

    def completed(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """See `Balancer`.

        Raises:
            MissingPackageError: if a package of the extra `torchjd` is missing.
        """
        require_packages(f"the balancing method {self.code!r}", "torchjd", *self.packages)
        return super().completed(given)


class TorchJDMethod(FromTorchJD, WeighsTasks, GradientBalancer):
    """Σ_m k_m·∇_m for each group of parameters, with the weights k of an aggregator of TorchJD.

    Attributes:
        scaled: whether k does not change if all gradients are multiplied by a number. They are then divided by their
            mean norm, because TorchJD takes gradients whose squared norms add up to less than 10⁻⁴ for zero.
    """

    scaled: ClassVar[bool] = True

    @abstractmethod
    def aggregator(self, tasks: int, settings: Mapping[str, Value]) -> Any:
        """TorchJD's aggregator for a number of tasks."""

    def begin(
        self,
        reach: LossReach,
        settings: Mapping[str, Value],
        device: "torch.device",  # noqa: ARG002
    ) -> "AggregatedGradients":
        """See `GradientBalancer`."""
        return AggregatedGradients(reach, lambda tasks: self.aggregator(tasks, settings), self.scaled)


class AggregatedGradients(WeightedGradients):
    """An aggregator of TorchJD in one training: one object for each group and set of tasks, because some have a state.

    Args:
        reach: the losses and the layers that they reach.
        make: makes an aggregator for a number of tasks.
        scaled: as in `TorchJDMethod`.
    """

    def __init__(self, reach: LossReach, make: Callable[[int], Any], scaled: bool) -> None:
        super().__init__(reach)
        self._make, self._scaled, self._seed, self._calls = make, scaled, reach.seed, 0
        self._aggregators: dict[tuple[int, tuple[int, ...]], Any] = {}

    def weights(self, step: LossStep, tasks: TaskGradients) -> "Floats":  # noqa: ARG002
        """See `WeightedGradients`. TorchJD's random orders follow from the seed and the number of calls."""
        import warnings

        import torch

        key = tasks.group, tasks.losses
        if key not in self._aggregators:
            self._aggregators[key] = self._make(len(tasks.losses))
        self._calls += 1
        rows = torch.from_numpy(tasks.rows / tasks.norms.mean() if self._scaled else tasks.rows)
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cvxpy warns of inexact solutions, which TorchJD uses
            torch.default_generator.manual_seed(seed_of_call(self._seed, self._calls))
            found: Floats = self._aggregators[key].weighting(rows).numpy()
        return found


class UPGradMethod(TorchJDMethod):
    """Each gradient is projected onto the directions along which no loss rises, and the projections are averaged.

    TorchJD's default ε of the quadratic program, 1e-4 of the longest gradient, would let the loss of a gradient rise
    that is 30 times shorter. With 1e-12, none rises up to a ratio of 10,000; beyond, the weights may be of rounding.
    """

    code, title = "upgrad", "UPGrad by TorchJD (Quinton & Rey 2024, arXiv:2406.16232)"
    packages = ("torchjd", "qpsolvers", "quadprog")

    def aggregator(self, tasks: int, settings: Mapping[str, Value]) -> Any:  # noqa: ARG002
        """See `TorchJDMethod`."""
        from torchjd.aggregation import UPGrad
        from torchjd.linalg import QuadprogProjector

        return UPGrad(projector=QuadprogProjector(reg_eps=1e-12))


class CAGradMethod(TorchJDMethod):
    """The direction near the mean gradient, within c times its length, that lowers the worst loss most.

    With TorchJD's default ε, 1e-4, the direction would be 0 where one gradient is 10,000 times shorter than others.
    """

    code, title = "cagrad", "CAGrad by TorchJD (Liu et al. 2021, arXiv:2110.14048)"
    packages = ("torchjd", "cvxpy", "clarabel")
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "c": NumberSetting("how far from the mean gradient, as a share of its length", 0.4, 0.1, 0.9, least=0.0)
    }

    def aggregator(self, tasks: int, settings: Mapping[str, Value]) -> Any:  # noqa: ARG002
        """See `TorchJDMethod`."""
        from torchjd.aggregation import CAGrad

        return CAGrad(c=float(settings["c"]), norm_eps=1e-8)


class PCGradMethod(TorchJDMethod):
    """Each gradient loses its components against the others, in a random order; the results are added."""

    code, title = "pcgrad", "PCGrad by TorchJD (Yu et al. 2020, arXiv:2001.06782)"

    def aggregator(self, tasks: int, settings: Mapping[str, Value]) -> Any:  # noqa: ARG002
        """See `TorchJDMethod`."""
        from torchjd.aggregation import PCGrad

        return PCGrad()


class IMTLGMethod(TorchJDMethod):
    """The direction whose projections on all gradients have the same length."""

    code, title = "imtl-g", "IMTL-G by TorchJD (Liu et al. 2021, Towards Impartial Multi-task Learning)"

    def aggregator(self, tasks: int, settings: Mapping[str, Value]) -> Any:  # noqa: ARG002
        """See `TorchJDMethod`."""
        from torchjd.aggregation import IMTLG

        return IMTLG()


class NashMTLMethod(TorchJDMethod):
    """The Nash bargaining solution between the tasks. The direction is cut to length 1, TorchJD's default."""

    code, title = "nash-mtl", "Nash-MTL by TorchJD (Navon et al. 2022, arXiv:2202.01017)"
    packages = ("torchjd", "cvxpy", "ecos")
    scaled = False
    settings: ClassVar[Mapping[str, MethodSetting]] = {
        "every": NumberSetting("the steps between two solutions", 1, 1, 20, log_scale=True, whole=True, least=1)
    }

    def aggregator(self, tasks: int, settings: Mapping[str, Value]) -> Any:
        """See `TorchJDMethod`."""
        from torchjd.aggregation import NashMTL

        return NashMTL(n_tasks=tasks, update_weights_every=int(settings["every"]))


class AlignedMTLMethod(TorchJDMethod):
    """The principal components of the gradients are scaled to the same length before they are averaged."""

    code, title = "aligned-mtl", "Aligned-MTL by TorchJD (Senushkin et al. 2023, arXiv:2305.19000)"

    def aggregator(self, tasks: int, settings: Mapping[str, Value]) -> Any:  # noqa: ARG002
        """See `TorchJDMethod`."""
        from torchjd.aggregation import AlignedMTL

        return AlignedMTL()


TORCHJD_METHODS = (
    UPGradMethod(),
    CAGradMethod(),
    PCGradMethod(),
    IMTLGMethod(),
    NashMTLMethod(),
    AlignedMTLMethod(),
)
"""The methods, for the table."""
