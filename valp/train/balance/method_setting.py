"""The settings of a balancing method: the possible values, and those that a search tries."""

from dataclasses import dataclass
from reprlib import repr as shortened

from valp.errors import SettingError
from valp.train.balance.balance import Value

LARGEST = 1e9
"""The largest number of a setting that has no other bound."""


@dataclass(frozen=True)
class NumberSetting:
    """A number.

    Attributes:
        title: a line about it.
        default: its value if none is given.
        low, high: the ends of the range that a search draws from and mutates in.
        log_scale: whether a search draws it log-uniformly.
        whole: whether it is a whole number.
        least, most: the smallest and the largest possible value.
    """

    title: str
    default: float
    low: float
    high: float
    log_scale: bool = False
    whole: bool = False
    least: float = -LARGEST
    most: float = LARGEST

    def __post_init__(self) -> None:
        inside = self.least <= self.low <= self.high <= self.most and self.least <= self.default <= self.most
        if not inside or (self.log_scale and self.low <= 0):
            raise SettingError(f"a setting must search a range of possible values, but is {self}")

    def require(self, name: str, value: Value) -> None:
        """Refuses a value that is not possible. Raises SettingError."""
        inside = isinstance(value, int | float) and self.least <= value <= self.most  # NaN is not
        if not inside or (self.whole and value != int(value)):
            kind = "a whole number" if self.whole else "a number"
            raise SettingError(f"{name} must be {kind} in [{self.least:g}, {self.most:g}], but is {shortened(value)}")

    def read(self, name: str, text: str) -> Value:
        """Parses a value. Raises SettingError if the text is not one."""
        try:
            return int(text) if self.whole else float(text)
        except ValueError:
            raise SettingError(f"{name} must be a {'whole ' * self.whole}number, but is {shortened(text)}") from None


@dataclass(frozen=True)
class WordSetting:
    """One of some words.

    Attributes:
        title: a line about it.
        default: its value if none is given.
        options: the words; a search tries all of them.
    """

    title: str
    default: str
    options: tuple[str, ...]

    def require(self, name: str, value: Value) -> None:
        """Refuses a value that is not possible. Raises SettingError."""
        if value not in self.options:
            raise SettingError(f"{name} must be one of {', '.join(self.options)}, but is {value}")

    def read(self, name: str, text: str) -> Value:
        """Parses a value. Raises SettingError if the text is not one."""
        self.require(name, text)
        return text


MethodSetting = NumberSetting | WordSetting
