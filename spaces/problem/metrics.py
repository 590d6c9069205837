"""The metrics a search judges by: names, directions and what they say of a candidate."""

from dataclasses import dataclass, field
from typing import Literal

from valp.graph.graph import DataType
from valp.model.preprocessing import Column

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Metric:
    """A figure of merit.

    Attributes:
        code: its name in scores, objectives and tables.
        title: its name in prose.
        direction: whether more or less of it is better.
        chance: what is had of it without learning, for the output at hand; None where that is not known.
    """

    code: str
    title: str
    direction: Direction
    chance: float | None = field(default=None, compare=False)

    def better(self, a: float, b: float) -> bool:
        """Whether a is better than b."""
        return a > b if self.direction == "maximize" else a < b


PRODUCT = "entropy_coverage"
"""Says in one figure what two others do; tables leave it out unless it is searched for."""

METRICS = {
    metric.code: metric
    for metric in (
        Metric("accuracy", "accuracy", "maximize"),
        Metric("label_accuracy", "accuracy of labels", "maximize"),
        Metric("mse", "mean squared error", "minimize"),
        Metric("r2", "coefficient of determination R²", "maximize"),
        Metric("entropy", "class entropy of generated samples", "maximize"),
        Metric("density", "density of generated samples", "maximize"),
        Metric("coverage", "coverage of the data by generated samples", "maximize"),
        Metric("diversity", "within-class diversity of generated samples", "maximize"),
        Metric("conditioning", "conditioning accuracy", "maximize"),
        Metric("copying", "share of generated samples that copy what conditions them", "minimize"),
        Metric(PRODUCT, "class entropy × coverage of generated samples", "maximize"),
    )
}

JUDGED = ("entropy", "density", "coverage", "diversity", "conditioning", "copying", PRODUCT)
"""The metrics of Samples that a judge labels, what a search optimises first."""

UNJUDGED = ("coverage", "density")
"""The same where nothing can teach a judge: of the samples themselves."""


def chance_of(code: str, column: Column, classes: int | None, variance: float | None) -> float | None:
    """What a metric is without learning: a guess of the class, the mean of the numbers, no sample like the data.

    Args:
        code: of the metric.
        column: of the output.
        classes: which a judge of the output tells apart; None if it has none.
        variance: of the output, as of `Description.variances`.
    """
    if code == "accuracy":
        return 1 / column.size
    if code == "conditioning":
        return None if classes is None else 1 / classes
    return {"label_accuracy": 0.5, "mse": variance}.get(code, 0.0)


def metrics_of(column: Column, judged: bool) -> tuple[str, ...]:
    """The codes of an output's metrics; the first one is what a search optimises, unless told otherwise.

    Args:
        column: of the output.
        judged: whether the problem has a judge of samples.
    """
    if column.type is DataType.SAMPLES:
        return JUDGED if judged else UNJUDGED
    if column.type is DataType.DISCRETE:
        return ("label_accuracy",) if column.labels else ("accuracy",)
    return ("mse", "r2")
