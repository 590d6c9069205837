"""The balancing methods of a space: how Algorithm 1 draws one, and which of its settings are searched.

A space lists methods as `Balance` values. The settings in such a value are fixed. The others are searched in the
ranges that the method defines.
"""

from collections.abc import Iterator, Sequence

from valp.spaces.generate.choose import Choose
from valp.train.balance import Balance, balancer_of
from valp.train.balance.balance import Value
from valp.train.balance.method_setting import MethodSetting, WordSetting

METHOD = "balance"
"""The name of the decision on the method."""


def drawn_balance(choose: Choose, options: Sequence[Balance]) -> Balance:
    """Draws one of the methods of a space, each equally likely, with all its settings."""
    return drawn_settings(choose, choose.category(METHOD, options))


def drawn_settings(choose: Choose, option: Balance) -> Balance:
    """A method of a space with all its settings. The searched ones are drawn."""
    drawn = {name: drawn_setting(choose, code, setting) for name, code, setting in searched_settings(option)}
    given = balancer_of(option.method).completed(option.settings)
    return Balance(method=option.method, settings=given | drawn)


def searched_settings(option: Balance) -> Iterator[tuple[str, str, MethodSetting]]:
    """The searched settings of a method of a space: name, name of the decision, and range."""
    for name, setting in balancer_of(option.method).settings.items():
        if name not in option.settings:
            yield name, f"{METHOD}.{option.method}.{name}", setting


def drawn_setting(choose: Choose, decision: str, setting: MethodSetting) -> Value:
    """Draws the value of a setting from its range."""
    if isinstance(setting, WordSetting):
        return choose.category(decision, setting.options)
    if setting.whole:
        return choose.integer(decision, int(setting.low), int(setting.high), log_scale=setting.log_scale)
    return choose.real(decision, setting.low, setting.high, log_scale=setting.log_scale)


def is_of(balance: Balance, option: Balance) -> bool:
    """Whether a balance has the method of `option`, and its fixed settings."""
    return balance.method == option.method and option.settings.items() <= balance.settings.items()
