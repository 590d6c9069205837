"""What the baselines of a run reach: one row for each baseline, and the best value of each score."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from valp.score import GraphScore
from valp.score.clear_difference import Comparison, compared
from valp.search.run.result import Result
from valp.spaces.baselines.baseline_codes import NETWORK, NETWORKS, TITLES, TUNED, family
from valp.spaces.problem.metrics import Metric

Told = Mapping[str, Mapping[str, Result]]
"""Results by output and code."""


@dataclass(frozen=True)
class Best:
    """The best value that a baseline has of a score.

    Attributes:
        title: the name of the baseline.
        code: its code among the baselines of the output; None for a score of whole graphs.
        value: its value.
        error: the standard error of the value; None if it is not known, or the score has none.
    """

    title: str
    code: str | None
    value: float
    error: float | None = None


@dataclass(frozen=True)
class BaselineRow:
    """A baseline over all outputs.

    Attributes:
        title: its name.
        scores: its scores, each for the output that it belongs to.
        samples_seen: the most training samples, repeated ones included, that one of its models has seen.
        seconds: the time that all its models took, those that were not chosen included.
    """

    title: str
    scores: dict[str, float]
    samples_seen: int
    seconds: float


@dataclass(frozen=True)
class BaselineScores:
    """The scores of the baselines of a run.

    Attributes:
        metrics: the scores of the problem.
        objectives: the names of those that are optimised.
        outputs: the names of the outputs.
        told: the results of the baselines by output and code.
    """

    metrics: Mapping[str, Metric]
    objectives: Collection[str]
    outputs: Collection[str]
    told: Told

    def compare(self, name: str, result: Result) -> Comparison | None:
        """How a score of a candidate compares with the best baseline; None if one of them is absent.

        The difference must be more than chance; see `valp.score.clear_difference.compared`.
        """
        best, value = self.best.get(name), result.scores.get(name)
        if best is None or value is None:
            return None
        return compared(self.metrics[name].score, value, best.value, result.errors.get(name), best.error)

    @cached_property
    def best(self) -> dict[str, Best]:
        """By score, the best baseline.

        The best one is found for each objective separately. Another score is that of the baseline that is best in the
        first objective of its output, because a single score like diversity may be good where the samples are not.
        Scores of whole graphs are those of the best single-task networks together.
        """
        found: dict[str, Best] = {}
        for name, metric in self.metrics.items():
            if metric.output is None:
                continue
            results = self._finished(metric.output)
            leading = self._leading(metric.output, results) if name not in self.objectives else None
            shown = results if leading is None else {leading: results[leading]}
            values = {code: result.scores[name] for code, result in shown.items() if name in result.scores}
            if values:
                code = min(values, key=lambda one: metric.score.loss(values[one]))
                error = results[code].errors.get(name)
                found[name] = Best(self._title(metric.output, code), code, values[code], error)
        return found | {name: Best("single-task", None, value) for name, value in self._of_graphs(NETWORKS).items()}

    def rows(self) -> list[BaselineRow]:
        """Each baseline over all outputs, the weakest first."""
        families = {family(code) for results in self.told.values() for code in results}
        return [
            self._row(code, title)
            for code, title in TITLES.items()
            if code in families and not (code == NETWORK and TUNED in families)
        ]

    def _row(self, code: str, title: str) -> BaselineRow:
        scores: dict[str, float] = {}
        samples, seconds = 0, 0.0
        for output in self.outputs:
            results = self._finished(output, _members(code))
            leading = self._leading(output, results)
            if leading is None:
                continue
            own = results[leading].scores
            scores |= {n: v for n, v in own.items() if n in self.metrics and self.metrics[n].output == output}
            samples = max(samples, results[leading].samples_seen)
            seconds += sum(sum(result.seconds) for result in results.values())
        return BaselineRow(
            title, scores | (self._of_graphs(_members(code)) if code in NETWORKS else {}), samples, seconds
        )

    def samples_remark(self, most: int) -> str | None:
        """A sentence if candidates have seen more samples than any single-task network; None otherwise.

        Args:
            most: the most samples that one of them and its ancestors have seen.
        """
        networks = [
            result.samples_seen
            for results in self.told.values()
            for code, result in results.items()
            if family(code) in NETWORKS
        ]
        if not networks or most <= max(networks):
            return None
        return (
            f"with their ancestors, candidates of the front have seen up to {most:,} samples, single-task networks at "
            f"most {max(networks):,}"
        )

    def leading(self, output: str, codes: Collection[str] = NETWORKS) -> str | None:
        """The code of the baseline of an output that is best in its first objective; None if none has finished.

        Args:
            output: the name of the output.
            codes: the baselines to choose from.
        """
        return self._leading(output, self._finished(output, codes))

    def _finished(self, output: str, codes: Collection[str] | None = None) -> dict[str, Result]:
        return {
            code: result
            for code, result in self.told.get(output, {}).items()
            if result.failure is None and (codes is None or family(code) in codes)
        }

    def _leading(self, output: str, results: Mapping[str, Result]) -> str | None:
        own = [name for name, metric in self.metrics.items() if metric.output == output]
        name = next((name for name in own if name in self.objectives), own[0] if own else None)
        values = {code: result.scores[name] for code, result in results.items() if name in result.scores}
        if name is None or not values:
            return next(iter(results), None)
        return min(values, key=lambda code: self.metrics[name].score.loss(values[code]))

    def _title(self, output: str, code: str) -> str:
        tuned = family(code) == NETWORK and any(family(other) == TUNED for other in self.told[output])
        return TITLES[TUNED if tuned else family(code)]

    def _of_graphs(self, codes: Collection[str]) -> dict[str, float]:
        """The scores of whole graphs for the best networks of all outputs together."""
        leading = [(output, self.leading(output, codes)) for output in self.outputs]
        models = [self.told[output][code].scores for output, code in leading if code is not None]
        found: dict[str, float] = {}
        for name, metric in self.metrics.items():
            row = metric.score
            if isinstance(row, GraphScore) and len(models) == len(leading) and all(name in model for model in models):
                value = row.together([model[name] for model in models]) if models else None
                found |= {} if value is None else {name: value}
        return found


def _members(code: str) -> Collection[str]:
    """The families among which a baseline is chosen: the tuned network may be the usual one."""
    return (NETWORK, TUNED) if code == TUNED else (code,)
