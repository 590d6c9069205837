"""The tables of a comparison of strategies, in Markdown."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite
from statistics import median

from benchmarks.paper_page import paragraph, table
from benchmarks.strategies_goals import GOALS, SPLITS, Goal, ahead, confirmed, first
from benchmarks.strategies_measures import (
    Objectives,
    Scale,
    Search,
    censored_median,
    distinct,
    growth,
    scales_of,
)
from valp.search.run.result import Measured
from valp.search.show.display import duration
from valp.spaces.problem.metrics import Metric

NONE = "–"


@dataclass(frozen=True)
class Comparison:
    """Searches on one problem and space.

    Attributes:
        problem, space: their names.
        unit: the number of samples in a full training.
        metrics: all scores of the problem.
        objectives: those that the searches optimise.
        searches: the searches.
    """

    problem: str
    space: str
    unit: int
    metrics: Mapping[str, Metric]
    objectives: Objectives
    searches: tuple[Search, ...]

    def adding(self, *searches: Search) -> "Comparison":
        """The same comparison with more searches. They replace searches of the same strategy, budget and seed."""
        new = {search.key for search in searches}
        return replace(self, searches=(*(one for one in self.searches if one.key not in new), *searches))

    @cached_property
    def scales(self) -> dict[str, Scale]:
        """The scale of each objective in the hypervolume."""
        return scales_of(self.objectives, self.searches)

    @property
    def contenders(self) -> dict[str, list[Search]]:
        """The searches of each strategy, by its code, with its budget if it has several."""
        budgets: dict[str, set[int]] = {}
        for search in self.searches:
            budgets.setdefault(search.strategy, set()).add(search.budget)
        found: dict[str, list[Search]] = {}
        for search in self.searches:
            own = f"@{search.budget // search.unit}" if len(budgets[search.strategy]) > 1 else ""
            found.setdefault(search.strategy + own, []).append(search)
        return found


def page(comparison: Comparison) -> str:
    """All tables."""
    parts = [volumes(comparison)]
    for code, searches in comparison.contenders.items():
        if searches[0].singles:
            parts += [
                f"### {code} against single-task models",
                goals(comparison, searches),
                firsts(comparison, searches),
            ]
    for code, searches in comparison.contenders.items():
        parts += [f"### The best compromise of {code}", compromises(comparison, searches)]
        if any(search.trained_on for search in searches):
            parts.append(trained_on(comparison, searches))
    return "\n\n".join(parts)


def volumes(comparison: Comparison) -> str:
    """The table of hypervolumes, structures and times."""
    budgets = sorted({search.budget // comparison.unit for search in comparison.searches})
    columns = sorted({max(1, budgets[0] // 5), *budgets})
    head = ("strategy", "searches", "candidates", *(f"after {n} trainings" for n in columns))
    rows = [(*head, "distinct structures", "wall", "busy")]
    for code, searches in comparison.contenders.items():
        grid = [n * comparison.unit for n in columns if n * comparison.unit <= searches[0].budget]
        grown = [growth(search, comparison.objectives, comparison.scales, grid) for search in searches]
        cells = [spread(column, "{:.3f}".format) for column in zip(*grown, strict=True)]
        cells += [NONE] * (len(columns) - len(grid))
        wall = median(search.ended[-1].wall if search.ended else 0.0 for search in searches)
        busy = median(sum(one.seconds for one in search.ended) for search in searches)
        shares = [share for search in searches if (share := distinct(search.ended)) is not None]
        candidates = spread([len(search.ended) for search in searches], "{:g}".format)
        times = (duration(wall), duration(busy))
        rows.append((code, str(len(searches)), candidates, *cells, spread(shares, "{:.0%}".format), *times))
    relative = [name for name, metric in comparison.objectives.items() if metric.score.ideal is None]
    names = ", ".join(comparison.objectives)
    text = f"""Hypervolume of {names}, median (range) over the searches: 0 is no learning, 1 the best possible value in
every objective. A training is {comparison.unit:,} samples; those of the baselines do not count.
Distinct structures: their share in the last quarter of the candidates. Wall: the median wall time of a search without
its baselines. Busy: the median time of its workers for the candidates."""
    if relative:
        text += f" {', '.join(relative)} has no best possible value: 1 is the best value in these searches."
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def goals(comparison: Comparison, searches: Sequence[Search]) -> str:
    """The table of trainings until each goal is reached."""
    head = ("one candidate, in every objective", "reached", "trainings", "also on test", "on both splits", "trainings")
    rows = [head, *(_times(comparison, goal, searches) for goal in GOALS)]
    text = """Samples of full trainings that a search has seen until one candidate is ahead of the single-task models in
all objectives at once, on the validation split: median (range) over the searches. A search without such a candidate
counts as longer than its budget. Also on test: how many of these first candidates are also ahead on the test split. On
both splits: the searches with any candidate that is ahead on both, and the trainings until the first of these. Each
rival is chosen by its validation score. The networks of the first goal have as many samples as the candidate and its
ancestors: a full training, and above 1.5 trainings also those that were trained as long as the longest lineage."""
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def _times(comparison: Comparison, goal: Goal, searches: Sequence[Search]) -> tuple[str, ...]:
    found = [first(search, goal, comparison.objectives) for search in searches]
    both = [confirmed(search, goal, comparison.objectives) for search in searches]
    verdicts = [
        ahead(goal, search, one, comparison.objectives, "test")
        for search, one in zip(searches, found, strict=True)
        if one is not None
    ]
    unknown = f", {verdicts.count(None)} unknown" if None in verdicts else ""
    return (
        goal.title,
        f"{len(verdicts)} of {len(searches)}",
        spent([None if one is None else one.seen / comparison.unit for one in found], searches[0]),
        f"{verdicts.count(True)} of {len(verdicts)}{unknown}" if verdicts else NONE,
        f"{sum(one is not None for one in both)} of {len(searches)}",
        spent([None if one is None else one.seen / comparison.unit for one in both], searches[0]),
    )


def spent(times: Sequence[float | None], search: Search) -> str:
    """The median and range of trainings; None is a search that did not reach the goal within its budget."""
    beyond = f"> {search.budget // search.unit}"

    def text(time: float) -> str:
        return f"{time:.1f}" if isfinite(time) else beyond

    every = [inf if time is None else time for time in times]
    if not any(map(isfinite, every)):
        return beyond
    return f"{text(censored_median(times))} ({text(min(every))}–{text(max(every))})"


def firsts(comparison: Comparison, searches: Sequence[Search]) -> str:
    """The table of the first candidates ahead of all single-task models, with the scores of the best of these."""
    goal = GOALS[1]
    columns = [f"{name}, {split}" for name in comparison.objectives for split in SPLITS]
    rows: list[Sequence[str]] = [("seed", "candidate", "trainings", "lineage", *columns)]
    for search in searches:
        one = first(search, goal, comparison.objectives)
        if one is None:
            rows.append((str(search.seed), *[NONE] * (3 + len(columns))))
            continue
        cells = []
        for metric in comparison.objectives.values():
            rival = goal.rival(search, one, metric)
            for split in SPLITS:
                own, theirs = (None if model is None else getattr(model, split) for model in (one, rival))
                cells.append(f"{_value(metric, own)} ({_value(metric, theirs)})")
        trainings = (f"{samples / comparison.unit:.1f}" for samples in (one.seen, one.lineage))
        rows.append((str(search.seed), str(one.number), *trainings, *cells))
    text = f"""The first candidate of each search {goal.title}, with the trainings of the search and of its lineage; in
brackets the best single-task model in each objective."""
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def compromises(comparison: Comparison, searches: Sequence[Search]) -> str:
    """The table of all scores of the best compromise, compared with the best baselines."""
    baselines = any(search.beside for search in searches)
    more = ("best baseline, validation", "test", "which") if baselines else ()
    rows: list[Sequence[str]] = [("score", *SPLITS, *more)]
    best = [one for search in searches if (one := search.best) is not None]
    for name, metric in comparison.metrics.items():
        own = [[_score(getattr(one, split), name) for one in best] for split in SPLITS]
        beside = [search.beside[name] for search in searches if name in search.beside]
        if not any(value is not None for values in own for value in values) and not beside:
            continue
        theirs = ([one.validation for one in beside], [one.test for one in beside])
        cells = [spread(values, metric.score.text) for values in (*own, *(theirs if baselines else ()))]
        which = Counter(one.title for one in beside)
        titles = ", ".join(title if len(which) == 1 else f"{title} ({n})" for title, n in which.most_common())
        rows.append((f"{metric.heading} {metric.score.arrow}", *cells, *((titles,) if baselines else ())))
    text = "The best compromise on the front of each search; median (range) over the searches."
    if baselines:
        text += """ The best baseline is chosen by its validation score: for each objective separately; for another
        score it is the best model in the objective of the output."""
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def trained_on(comparison: Comparison, searches: Sequence[Search]) -> str:
    """The table of test scores after the best compromise and the single-task networks were trained on."""
    done = [(one, search.trained_on) for search in searches if (one := search.best) and search.trained_on]
    head = ("score", "compromise", "trained on", "single-task networks, trained on")
    rows: list[Sequence[str]] = [head]
    for name, metric in comparison.metrics.items():
        before = [_score(one.test, name) for one, _ in done]
        after = [_score(on.candidate, name) for _, on in done]
        theirs = [_score(on.networks.get(metric.output or ""), name) for _, on in done]
        if any(value is not None for value in (*before, *after, *theirs)):
            cells = [spread(values, metric.score.text) for values in (before, after, theirs)]
            rows.append((f"{metric.heading} {metric.score.arrow}", *cells))
    steps = " or ".join(f"{n:,}" for n in sorted({on.steps for _, on in done}))
    text = f"""Test scores of the best compromise, and of the same graph after {steps} more
steps from its weights, compared with the best single-task network of each output after as many more steps; median
(range) over {len(done)} of {len(searches)} searches."""
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def spread(values: Sequence[float | None], text: Callable[[float], str]) -> str:
    """The median and range of values, or the value if all are written alike.

    Those that were not measured are left out; the text then says how many were.
    """
    known = [value for value in values if value is not None]
    if not known:
        return NONE
    missing = f"; {len(known)} of {len(values)}" if len(known) < len(values) else ""
    low, high = text(min(known)), text(max(known))
    if low == high:
        return low + missing
    return f"{text(median(known))} ({low}–{high}{missing})"


def _score(measured: Measured | None, name: str) -> float | None:
    return None if measured is None else measured.scores.get(name)


def _value(metric: Metric, measured: Measured | None) -> str:
    return metric.score.text(_score(measured, metric.name))


def rows_of(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first row is the header."""
    return table([rows[0], ["---"] * len(rows[0]), *rows[1:]])
