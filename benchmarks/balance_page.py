"""What the pages about balancing methods share: figures over seeds, and comparisons seed by seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev

from benchmarks.balance_trainings import Plan
from benchmarks.paper_page import paragraph
from benchmarks.saved_rows import Row
from benchmarks.sharing_figures import shift, verdict


@dataclass(frozen=True)
class Score:
    """A score of a task, from its error.

    Attributes:
        task: the output.
        title: the heading of its column.
        accuracy: whether the score is 1 − the error; otherwise it is the error.
    """

    task: str
    title: str
    accuracy: bool

    @property
    def goal(self) -> str:
        """Whether higher or lower is better."""
        return "maximize" if self.accuracy else "minimize"

    def value(self, errors: dict[str, float]) -> float:
        """The score for the errors of the tasks."""
        return 1 - errors[self.task] if self.accuracy else errors[self.task]

    def values(self, results: Sequence[Row]) -> list[float]:
        """The test score of each seed."""
        return [self.value(row["test"]) for row in results]

    def text(self, value: float) -> str:
        """A score in words."""
        return f"{value:.4f}"


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation."""
    if not values:
        return "–"
    return f"{mean(values):.4f}" + (f" ± {stdev(values):.4f}" if len(values) > 1 else "")


def middle(values: Sequence[float]) -> str:
    """The median with the least and the greatest value."""
    return f"{median(values):.4f} ({min(values):.4f}–{max(values):.4f})" if values else "–"


def wins(score: Score, first: Sequence[Row], second: Sequence[Row]) -> tuple[int, int]:
    """In how many seeds the first has the better score, of the seeds that both have."""
    theirs = {row["seed"]: score.value(row["test"]) for row in second}
    pairs = [(score.value(row["test"]), theirs[row["seed"]]) for row in first if row["seed"] in theirs]
    better = [a > b if score.accuracy else a < b for a, b in pairs]
    return sum(better), len(better)


def comparison(score: Score, first: Sequence[Row], second: Sequence[Row]) -> tuple[str, str, str]:
    """Seeds in which the first is better, the difference first − second with its interval, and what it says."""
    better, common = wins(score, first, second)
    if not common:
        return "–", "–", "–"
    difference, interval = shift(score.values(first), score.values(second))
    bounds = "" if interval is None else f" ({interval[0]:+.4f} to {interval[1]:+.4f})"
    return f"{better} of {common}", f"{difference:+.4f}{bounds}", verdict(interval, score.goal)


def progress(plan: Plan) -> str:
    """What is not measured yet, as a sentence; empty if all is."""
    told, diverged = [], {method.code: plan.diverged(method) for method in plan.methods}
    missing = {method.code: plan.seeds - len(plan.results(method)) - diverged[method.code] for method in plan.methods}
    if any(missing.values()):
        words = ", ".join(f"{code} lacks {count}" for code, count in missing.items() if count)
        told.append(f"**Not finished**, of {plan.seeds} seeds: {words}.")
    if any(diverged.values()):
        words = ", ".join(f"{count} of {code}" for code, count in diverged.items() if count)
        told.append(f"**Diverged**, of {plan.seeds} seeds, and not in the means, which are too good: {words}.")
    return paragraph(" ".join(told)) if told else ""
