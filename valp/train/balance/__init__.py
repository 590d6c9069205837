"""The balancing methods, which combine several losses into one training step: one row each.

A candidate names its method in `Training.balance`, a `Balance`. No code outside this package names a method:
Algorithm 1, Optuna's slots, mutation, crossover, the command line and the report use the attributes of its row.
"""

from collections.abc import Iterable

from valp.errors import SettingError
from valp.graph.plugin_table import PluginTable
from valp.train.balance.balance import FIXED, Balance, Value
from valp.train.balance.balancer import (
    Balancer,
    GradientBalancer,
    GradientCombining,
    GroupGradients,
    LossBalancer,
    LossStep,
    LossWeighing,
    RepresentationBalancer,
    ScheduledBalancer,
)
from valp.train.balance.central_direction import CentralDirection
from valp.train.balance.dynamic_weight_average import DynamicWeightAverage
from valp.train.balance.fixed_beta import FixedBeta
from valp.train.balance.gradient_normalisation import GradNorm
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.method_setting import NumberSetting, WordSetting
from valp.train.balance.mgda_upper_bound import MGDAUpperBound
from valp.train.balance.min_norm import MinNorm
from valp.train.balance.task_tensioner import TaskTensioner
from valp.train.balance.torchjd_methods import TORCHJD_METHODS
from valp.train.balance.torchjd_scalarizers import TORCHJD_SCALARIZERS
from valp.train.balance.uncertainty import UncertaintyWeighting
from valp.train.balance.uniform_weights import UniformWeights

GROUP = "valp.balancers"
"""The group of entry points by which other packages add methods. Each names a `Balancer`, or its class."""

BALANCERS: PluginTable[Balancer] = PluginTable(
    GROUP,
    Balancer,
    (
        FixedBeta(),
        UncertaintyWeighting(),
        UniformWeights(),
        DynamicWeightAverage(),
        GradNorm(),
        MinNorm(),
        MGDAUpperBound(),
        CentralDirection(),
        TaskTensioner(),
        *TORCHJD_METHODS,
        *TORCHJD_SCALARIZERS,
    ),
)
"""The methods by their codes."""

__all__ = [
    "BALANCERS",
    "FIXED",
    "Balance",
    "Balancer",
    "GradientBalancer",
    "GradientCombining",
    "GroupGradients",
    "LossBalancer",
    "LossReach",
    "LossStep",
    "LossWeighing",
    "NumberSetting",
    "RepresentationBalancer",
    "ScheduledBalancer",
    "WordSetting",
    "balancer_of",
    "completed",
    "read_balance",
    "require_native",
    "tensioned",
]

NATIVE = ScheduledBalancer, LossBalancer, GradientBalancer
"""The methods that the native executor supports."""


def balancer_of(method: str) -> Balancer:
    """The row of a method.

    Raises:
        SettingError: if there is no method with this code.
    """
    if method not in BALANCERS:
        raise SettingError(f"the balancing method must be one of {', '.join(BALANCERS)}, but is {method!r}")
    return BALANCERS[method]


def completed(balance: Balance) -> Balance:
    """A method with all of its settings. Missing ones get their defaults.

    Raises:
        SettingError: if the method or a setting is unknown, or a value is not possible.
        MissingPackageError: if the method needs a package that is not installed.
    """
    settings = balancer_of(balance.method).completed(balance.settings)
    return Balance(method=balance.method, settings=settings)


def require_native(balances: Iterable[Balance]) -> None:
    """Checks that the native executor can train with these methods.

    Raises:
        SettingError: if it does not support one of them; torch does.
    """
    for balance in balances:
        if not isinstance(balancer_of(balance.method), NATIVE):
            raise SettingError(
                f"the native executor cannot train with the balancing method {balance.method!r}; "
                "executor auto or torch can"
            )


def tensioned(balance: Balance, alpha: float) -> Balance:
    """The task tensioner on top of the direction of another method.

    Args:
        balance: the method of the direction.
        alpha: the strength of the tension, in [0, 1].

    Raises:
        SettingError: if the tensioner cannot pull this direction, or `alpha` is not possible.
    """
    row = TaskTensioner()
    directions = [name for name in row.directions if name in BALANCERS]
    if balance.method not in directions:
        raise SettingError(
            f"tension pulls the direction of the balancing method {' or '.join(directions)}, but the method is "
            f"{str(balance)!r}"
        )
    settings: dict[str, Value] = {"direction": balance.method, "alpha": alpha}
    row.completed(settings)
    return Balance(method=row.code, settings=settings)


def read_balance(text: str) -> Balance:
    """Parses a method and its settings: `NAME` or `NAME:key=value,key=value`, as `str(balance)` writes it.

    Raises:
        SettingError: if the text is not of this form, the method or a setting is unknown, or a value is not possible.
        MissingPackageError: if the method needs a package that is not installed.
    """
    method, colon, rest = text.partition(":")
    row = balancer_of(method)
    settings: dict[str, Value] = {}
    for part in rest.split(",") if colon else []:
        name, equals, value = part.partition("=")
        if not equals or name in settings:
            raise SettingError(f"a balancing method must be NAME or NAME:key=value,key=value, but is {text!r}")
        settings[name] = row.setting(name).read(name, value)
    row.completed(settings)
    return Balance(method=method, settings=settings)
