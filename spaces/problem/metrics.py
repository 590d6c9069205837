"""The scores of a problem: their names, outputs, and values without learning."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
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

    A score that only one output has is named by its code, otherwise by code.output. Scores with a parameter are not
    among them; see `metric_at`.
    """
    return _named(outputs, lambda row: row.parameter is None)


def metric_at(name: str, outputs: Sequence[ScoredOutput]) -> Metric | None:
    """A score with a parameter, such as `robust_accuracy@0.1` or `robust_accuracy.left@0.1`; None if there is none.

    Its name has the value in its shortest form: `robust_accuracy@0.10` is `robust_accuracy@0.1`.

    Raises:
        SettingError: if there is no value after the name, the value is not possible, or the score has no parameter.
    """
    stem, at, _ = name.partition("@")
    found = _named(outputs, lambda row: row.parameter is not None).get(stem)
    if found is None or found.score.parameter is None:
        if at and stem in metrics_of(outputs):
            raise SettingError(f"the score {stem!r} has no number after @, but {name!r} was given")
        return None
    shortest = f"{found.score.parameter.read(name):.12g}"
    return Metric(f"{stem}@{shortest}", found.score.at(float(shortest)), found.output, found.chance)


def parametric_names(outputs: Sequence[ScoredOutput]) -> list[str]:
    """The names of the scores with a parameter, each with a usual value: `robust_accuracy@0.1`."""
    named = _named(outputs, lambda row: row.parameter is not None)
    pairs = ((name, metric.score.parameter) for name, metric in named.items())
    return [f"{name}@{parameter.example:g}" for name, parameter in pairs if parameter is not None]


def with_companions(metrics: Mapping[str, Metric], names: Collection[str]) -> frozenset[str]:
    """These scores and their companions: those of the same output or, for a score of whole graphs, of any."""
    found = set(names)
    for metric in (metrics[name] for name in names):
        for other in metrics.values():
            if other.score.code in metric.score.companions and metric.output in (None, other.output):
                found.add(other.name)
    return frozenset(found)


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
