"""A number that the values of a score depend on."""

from dataclasses import dataclass
from math import isfinite

from valp.errors import SettingError


@dataclass(frozen=True)
class ScoreParameter:
    """A number that the values of a score depend on. It stands after @ in the score's name: `robust_accuracy@0.1`.

    Attributes:
        title: what it is, in prose.
        example: a usual value.
        above: values must be greater than this.
    """

    title: str
    example: float
    above: float = 0.0

    def read(self, name: str) -> float:
        """The value in the name of a score.

        Raises:
            SettingError: if there is none, or it is not a finite number above the bound.
        """
        stem, at, text = name.partition("@")
        example = f"{stem}@{self.example:g}"
        if not at:
            raise SettingError(f"the score {name!r} needs {self.title} after @, as in {example}")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not (isfinite(value) and value > self.above):
            raise SettingError(
                f"{self.title} must be a number above {self.above:g}, as in {example}, but is {text!r} in {name!r}"
            )
        return value
