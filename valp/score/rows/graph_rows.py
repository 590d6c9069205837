"""Scores of whole graphs: their size and their speed."""

from collections.abc import Sequence

from valp.score.score import GraphScore
from valp.score.subject import Subject


class Parameters(GraphScore):
    """The number of learnt parameters."""

    code, title, direction = "parameters", "learnt parameters", "minimize"
    ideal = 0.0
    whole = True

    def together(self, values: Sequence[float]) -> float:
        """The sum."""
        return sum(values)

    def compute(self, subject: Subject) -> float:
        """See `GraphScore`."""
        return subject.module.parameter_count


class Latency(GraphScore):
    """See `valp.score.speed.latency`."""

    code, title, direction = "latency", "time of a prediction for one row", "minimize"
    ideal = 0.0
    unit, on_demand = "ms", True

    def together(self, values: Sequence[float]) -> float:
        """The sum, because the models run one after the other."""
        return sum(values)

    def compute(self, subject: Subject) -> float:
        """See `GraphScore`."""
        from valp.score.speed import latency

        return latency(subject.module, subject.inputs)


class InferencesPerSecond(GraphScore):
    """See `valp.score.speed.inferences_per_second`."""

    code, title, direction = "inferences_per_second", "rows predicted per second, in batches of 256", "maximize"
    whole, on_demand = True, True

    def together(self, values: Sequence[float]) -> float:
        """1 / Σ 1/v, because the models run one after the other."""
        return 1 / sum(1 / value for value in values)

    def compute(self, subject: Subject) -> float:
        """See `GraphScore`."""
        from valp.score.speed import inferences_per_second

        return inferences_per_second(subject.module, subject.inputs)
