"""The metrics a search judges by: names, directions and what they say of a candidate."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Metric:
    """A figure of merit.

    Attributes:
        code: its name in scores, objectives and tables.
        title: its name in prose.
        direction: whether more or less of it is better.
    """

    code: str
    title: str
    direction: Direction

    def better(self, a: float, b: float) -> bool:
        """Whether a is better than b."""
        return a > b if self.direction == "maximize" else a < b


METRICS = {
    metric.code: metric
    for metric in (
        Metric("accuracy", "accuracy", "maximize"),
        Metric("mse", "mean squared error", "minimize"),
        Metric("entropy", "class entropy of generated samples", "maximize"),
        Metric("density", "density of generated samples", "maximize"),
        Metric("coverage", "coverage of the data by generated samples", "maximize"),
        Metric("diversity", "within-class diversity of generated samples", "maximize"),
        Metric("conditioning", "conditioning accuracy", "maximize"),
    )
}
