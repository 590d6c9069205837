"""`Balance`: the balancing method of a training and its settings, as a candidate keeps them."""

from collections.abc import Callable

from pydantic import Field

from valp.graph.graph import Frozen

Value = int | float | str
"""The value of a setting."""

FIXED = "fixed"
"""The code of the default method."""

DIGITS = 3
"""The significant digits of a number in `Balance.short`."""


class Balance(Frozen):
    """The balancing method of a training, and its settings.

    Reading it needs no table of methods, so a run stays readable if the package of its method is not installed.
    `valp.train.balance.completed` checks it.

    Attributes:
        method: a code of `valp.train.balance.BALANCERS`.
        settings: the settings of the method, by name; missing ones have their defaults.
    """

    method: str = FIXED
    settings: dict[str, Value] = Field(default_factory=dict)

    def __str__(self) -> str:
        """`NAME:key=value,key=value`, which `valp.train.balance.read_balance` parses."""
        return _text(self, lambda value: f"{value:g}" if float(f"{value:g}") == value else repr(value))

    def __hash__(self) -> int:
        return hash((self.method, frozenset(self.settings.items())))

    @property
    def short(self) -> str:
        """The same text with rounded numbers, for display."""
        return _text(self, lambda value: f"{value:.{DIGITS}g}")


def _text(balance: Balance, number: Callable[[float], str]) -> str:
    settings = [
        f"{name}={value if isinstance(value, str) else number(value)}" for name, value in balance.settings.items()
    ]
    return balance.method + (":" + ",".join(settings) if settings else "")
