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
        best: the best value it can take; None where there is no bound.
    """

    code: str
    title: str
    direction: Direction
    best: float | None = None

    def better(self, a: float, b: float) -> bool:
        """Whether a is better than b."""
        return a > b if self.direction == "maximize" else a < b


METRICS = {
    metric.code: metric
    for metric in (
        Metric("accuracy", "accuracy", "maximize", 1.0),
        Metric("mse", "mean squared error", "minimize", 0.0),
        Metric("entropy", "class entropy of generated samples", "maximize", 1.0),
        Metric("density", "density of generated samples", "maximize"),
        Metric("coverage", "coverage of the data by generated samples", "maximize", 1.0),
        Metric("diversity", "within-class diversity of generated samples", "maximize"),
        Metric("conditioning", "conditioning accuracy", "maximize", 1.0),
    )
}
