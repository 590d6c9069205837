"""The scores of a problem: their names, outputs, and values without learning."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from valp.score import SCORES, GraphScore, OutputScore, Score, ScoredOutput


@dataclass(frozen=True)
class Metric:
    """A score of one output of a problem, or of whole graphs.

    Attributes:
        name: the name in objectives, tables and JSON.
        score: the row of the score.
        output: the output that it scores; None for a score of whole graphs.
        chance: the value without learning; None if not known.
    """

    name: str
    score: Score
    output: str | None = None
    chance: float | None = None

    @property
    def heading(self) -> str:
        """The name, with the unit if it has one."""
        return f"{self.name} ({self.score.unit})" if self.score.unit else self.name

    @property
    def figure_name(self) -> str:
        """The name of the figure that candidates are ranked by: the score, or its distance from a target."""
        return self.name if self.score.target is None else f"|{self.name} − {self.score.target:g}|"

    def ranked(self, value: float | None) -> float | None:
        """The value that a candidate is ranked by: its own or, if None, the value without learning."""
        return self.chance if value is None else value


def metrics_of(outputs: Sequence[ScoredOutput]) -> dict[str, Metric]:
    """The scores of a problem by name: first those of each output, then those of whole graphs.

    A score that only one output has is named by its code, otherwise by code.output.
    """
    pairs = [(row, output) for output in outputs for row in _of_outputs() if row.applies(output)]
    uses = Counter(row.code for row, _ in pairs)
    found = [
        Metric(row.code if uses[row.code] == 1 else f"{row.code}.{output.name}", row, output.name, row.chance(output))
        for row, output in pairs
    ]
    of_graphs = [row for row in SCORES.values() if isinstance(row, GraphScore) and row.applies(outputs)]
    found += [Metric(row.code, row, chance=row.chance(outputs)) for row in of_graphs]
    return {metric.name: metric for metric in found}


def _of_outputs() -> list[OutputScore]:
    return [row for row in SCORES.values() if isinstance(row, OutputScore)]
