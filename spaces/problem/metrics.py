"""The scores of a problem: their names, outputs, and values without learning."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from valp.errors import SettingError
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

    A score that only one output has is named by its code, otherwise by code.output. Scores with a parameter, and those
    of changed inputs, are not among them; see `named_metric`.
    """
    return _named(outputs, lambda row: not _must_be_named(row))


def named_metric(name: str, outputs: Sequence[ScoredOutput]) -> Metric | None:
    """A score that is not in `metrics_of`, such as `robust_accuracy@0.1`, `robust_accuracy.left@0.1` or
    `zero_gradients`; None if there is none.

    Its name has the value in its shortest form: `robust_accuracy@0.10` is `robust_accuracy@0.1`.

    Raises:
        SettingError: if a value after @ is missing, not possible, or not expected.
    """
    stem, at, _ = name.partition("@")
    found = _named(outputs, _must_be_named).get(stem)
    parameter = None if found is None else found.score.parameter
    if found is not None and parameter is not None:
        shortest = f"{parameter.read(name):.12g}"
        return Metric(f"{stem}@{shortest}", found.score.at(float(shortest)), found.output, found.chance)
    if at and (found is not None or stem in metrics_of(outputs)):
        raise SettingError(f"the score {stem!r} has no number after @, but {name!r} was given")
    return found


def parametric_names(outputs: Sequence[ScoredOutput]) -> list[str]:
    """The names of the scores with a parameter, each with a usual value: `robust_accuracy@0.1`."""
    pairs = ((name, metric.score.parameter) for name, metric in _named(outputs, _must_be_named).items())
    return [f"{name}@{parameter.example:g}" for name, parameter in pairs if parameter is not None]


def companions_of(metric: Metric, outputs: Sequence[ScoredOutput]) -> dict[str, Metric]:
    """The companions of a score: those of the same output or, for a score of whole graphs, of any."""
    found = _named(outputs, lambda row: row.code in metric.score.companions)
    return {name: other for name, other in found.items() if metric.output in (None, other.output)}


def _must_be_named(row: Score) -> bool:
    return row.parameter is not None or row.perturbs


def _named(outputs: Sequence[ScoredOutput], wanted: Callable[[Score], bool]) -> dict[str, Metric]:
    rows = [row for row in SCORES.values() if wanted(row)]
    pairs = [
        (row, output) for output in outputs for row in rows if isinstance(row, OutputScore) and row.applies(output)
    ]
    uses = Counter(row.code for row, _ in pairs)
    found = [
        Metric(row.code if uses[row.code] == 1 else f"{row.code}.{output.name}", row, output.name, row.chance(output))
        for row, output in pairs
    ]
    of_graphs = [row for row in rows if isinstance(row, GraphScore) and row.applies(outputs)]
    found += [Metric(row.code, row, chance=row.chance(outputs)) for row in of_graphs]
    return {metric.name: metric for metric in found}
