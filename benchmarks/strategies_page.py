"""The tables of a comparison of strategies, in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median

from benchmarks.paper_page import paragraph, shown, table
from benchmarks.strategies_measures import (
    ACCURATE,
    GOALS,
    Ended,
    Goal,
    Rivals,
    Scale,
    Search,
    censored_median,
    confirmed,
    first,
    front,
    growth,
    holds,
    last,
    quartiles,
    unconditioned,
    widest,
)
from valp.search.show.display import duration

WHOLE = GOALS[0]
SPLITS = ("validation", "test")


@dataclass(frozen=True)
class Comparison:
    """Searches on one problem and space. `unit` is the number of samples in a full training."""

    problem: str
    space: str
    unit: int
    scales: dict[str, Scale]
    rivals: Rivals
    searches: list[Search]

    @property
    def contenders(self) -> dict[str, list[Search]]:
        """The searches of each strategy."""
        found: dict[str, list[Search]] = {}
        for search in self.searches:
            found.setdefault(search.strategy, []).append(search)
        return found


def page(comparison: Comparison) -> str:
    """All tables."""
    return "\n\n".join(
        (
            volumes(comparison),
            goals(comparison),
            claims(comparison),
            lasts(comparison),
            coverages(comparison),
        )
    )


def volumes(comparison: Comparison) -> str:
    """The table of hypervolumes (median and quartiles) and times."""
    budgets = sorted({search.budget // comparison.unit for search in comparison.searches})
    columns = sorted({max(1, budgets[0] // 5), *budgets})
    rows = [("strategy", "searches", "candidates", *(f"after {n} trainings" for n in columns), "wall", "busy")]
    for code, searches in comparison.contenders.items():
        within = [n for n in columns if n * comparison.unit <= searches[0].budget]
        grid = [n * comparison.unit for n in within]
        low, mid, high = quartiles([growth(search, comparison.scales, grid) for search in searches])
        cells = [f"{m:.3f} ({a:.3f}–{b:.3f})" for a, m, b in zip(low, mid, high, strict=True)]
        cells += ["–"] * (len(columns) - len(within))
        wall = median(search.ended[-1].wall if search.ended else 0.0 for search in searches)
        busy = median(sum(one.seconds for one in search.ended) for search in searches)
        candidates = f"{median(len(search.ended) for search in searches):g}"
        rows.append((code, str(len(searches)), candidates, *cells, duration(wall), duration(busy)))
    text = f"""Hypervolume, median (quartiles) over the searches. A training is {comparison.unit:,} samples. Wall: the
median wall time of a search. Busy: the median time of its workers."""
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def goals(comparison: Comparison) -> str:
    """The tables of samples until each goal is reached."""
    text = """Samples seen by a search until a candidate reaches a goal on the validation split; medians over the
        searches. The MLPs get the samples of the candidate's whole lineage. A search that does not reach the goal
        counts as longer than its budget. On test: the number of first candidates that also reach the goal on the test
        split. On both: the number of searches with any candidate that reaches the goal on both splits, and the
        trainings until the first of these."""
    return "\n\n".join((paragraph(text), *(times(comparison, goal) for goal in GOALS)))


def times(comparison: Comparison, goal: Goal) -> str:
    """The table of samples until one goal is reached."""
    rows = [("strategy", "reached", "samples", "trainings", "wall", "on test", "on both", "trainings")]
    for code, searches in comparison.contenders.items():
        firsts = [first(search.ended, goal, comparison.rivals) for search in searches]
        both = [confirmed(search.ended, goal, comparison.rivals) for search in searches]
        wall = censored_median([None if one is None else one.wall for one in firsts])
        verdicts = [holds(goal, one, comparison.rivals) for one in firsts if one is not None]
        unknown = f", {verdicts.count(None)} unknown" if None in verdicts else ""
        rows.append(
            (
                code,
                f"{len(verdicts)} of {len(searches)}",
                *spent(firsts, searches[0].budget, comparison.unit),
                duration(wall) if isfinite(wall) else "–",
                f"{verdicts.count(True)} of {len(verdicts)}{unknown}" if verdicts else "–",
                f"{sum(one is not None for one in both)} of {len(searches)}",
                spent(both, searches[0].budget, comparison.unit)[1],
            )
        )
    return f"{goal.title[0].upper()}{goal.title[1:]}:\n\n{rows_of(rows)}"


def spent(found: Sequence[Ended | None], budget: int, unit: int) -> tuple[str, str]:
    """The median samples and trainings that the searches had seen when they found these candidates."""
    samples = censored_median([None if one is None else one.seen for one in found])
    if isfinite(samples):
        return f"{samples:,.0f}", f"{samples / unit:.1f}"
    return f"> {budget:,}", f"> {budget // unit}"


def claims(comparison: Comparison) -> str:
    """The table of the first candidates that reached the whole goal, with scores on both splits."""
    scores = ("accuracy", "mse", "entropy", "coverage")
    names = ("accuracy (MLP)", "MSE (MLP)", "class entropy", "coverage")
    columns = [f"{name}, {split}" for name in names for split in SPLITS]
    rows = [("strategy", "seed", "candidate", "trainings", "lineage", *columns, "copies")]
    for code, searches in comparison.contenders.items():
        for search in searches:
            one = first(search.ended, WHOLE, comparison.rivals)
            if one is None:
                continue
            given, cells = comparison.rivals(one.lineage), []
            for name in scores:
                for split, values in zip(SPLITS, (one.scores, one.test), strict=True):
                    beside = f" ({shown(name, given[split][name])})" if name in given[split] else ""
                    cells.append("–" if values is None else shown(name, values[name]) + beside)
            trainings = (f"{samples / comparison.unit:.1f}" for samples in (one.seen, one.lineage))
            cells.append(copies([one]))
            rows.append((code, str(search.seed), str(one.number), *trainings, *cells))
    if len(rows) == 1:
        return f"No candidate {WHOLE.title}."
    text = (
        f"The first candidate of each search that {WHOLE.title}, with the trainings of the search and of its lineage:"
    )
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def lasts(comparison: Comparison) -> str:
    """The table of the last candidates."""
    rows = [("strategy", f"accuracy above {ACCURATE}", "distinct structures")]
    for code, searches in comparison.contenders.items():
        shares = [found for search in searches if (found := last(search.ended)) is not None]
        cells = (f"{median(column):.0%}" for column in zip(*shares, strict=True)) if shares else ("–", "–")
        rows.append((code, *cells))
    text = "Shares of the last quarter of a search's candidates (with failed and stopped ones); median:"
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def coverages(comparison: Comparison) -> str:
    """The table of the best samples."""
    titles = [f"{name}, {split}" for name in ("front", "unconditioned") for split in SPLITS]
    rows = [("strategy", *titles, "conditioned", "copies", "best of all: front, unconditioned")]
    for code, searches in comparison.contenders.items():
        best = [widest(front(search.ended)) for search in searches]
        free = [widest(unconditioned(search.ended)) for search in searches]
        cells = [middle(coverage(group, split)) for group in (best, free) for split in SPLITS]
        found = [one for one in best if one is not None]
        bound = f"{sum(one.conditioned for one in found)} of {len(found)}"
        tops = ", ".join(top(coverage(group, "validation")) for group in (best, free))
        rows.append((code, *cells, bound, copies(found), tops))
    text = """The best coverage (by validation) on a search's front, and among its unconditioned samplers, because a
decoder that is conditioned on the image may copy it; median over the searches. Conditioned: how many of the fronts'
best depend on an input. Copies: the median share of their samples that copy their condition."""
    return f"{paragraph(text)}\n\n{rows_of(rows)}"


def coverage(group: Sequence[Ended | None], split: str) -> list[float]:
    scores = [one.scores if split == "validation" else one.test for one in group if one is not None]
    return [one["coverage"] for one in scores if one is not None]


def copies(found: Sequence[Ended]) -> str:
    """The median share of samples that copy their condition; 0 for unconditioned candidates."""
    known = [one.scores.get("copying", None if one.conditioned else 0.0) for one in found]
    shares = [share for share in known if share is not None]
    return f"{median(shares):.0%}" if shares and len(shares) == len(known) else "–"


def middle(values: Sequence[float]) -> str:
    return f"{median(values):.3f}" if values else "–"


def top(values: Sequence[float]) -> str:
    return f"{max(values):.3f}" if values else "–"


def rows_of(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first row is the header."""
    return table([rows[0], ["---"] * len(rows[0]), *rows[1:]])
