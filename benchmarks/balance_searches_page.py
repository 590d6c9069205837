"""The page on balancing in searches. Only its last section is written by hand and kept."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.paper_page import kept_discussion, paragraph
from benchmarks.sharing_figures import shift, verdict
from benchmarks.strategies_contenders import BALANCE
from benchmarks.strategies_measures import Search, growth
from benchmarks.strategies_page import NONE, Comparison, rows_of, spread
from valp.score import Score
from valp.search.show.display import duration

HEADING = "## What it says"
"""The heading of the section that is written by hand."""

INTRODUCTION = """A search can leave the balance of the losses to β, which it searches, or to a [balancing
method](balancing.md#methods), or search the method, too. Each line is a search by evolution in the default space, and
all see the same number of samples. A method that combines gradients takes longer for them: compare the times."""


@dataclass(frozen=True)
class Searches:
    """The searches on one problem.

    Attributes:
        comparison: what was measured.
        codes: the codes of the contenders, the standard first.
        methods: for each search among several methods, how many of its last candidates have each method.
    """

    comparison: Comparison
    codes: Sequence[str]
    methods: Sequence[Mapping[str, int]]

    def of(self, code: str) -> list[Search]:
        """The searches of a contender."""
        return [one for one in self.comparison.searches if one.strategy == code]

    def volumes(self, code: str) -> list[float]:
        """The hypervolume at the end of each search."""
        found = self.comparison
        return [growth(one, found.objectives, found.scales, [one.budget])[0] for one in self.of(code)]


def page(parts: Sequence[Searches], path: Path) -> str:
    """The page; the discussion that `path` has is kept."""
    blocks = [
        "# Balancing in a search",
        paragraph(INTRODUCTION),
        "```console\n$ python -m benchmarks.balance_searches\n```",
        *(_problem(part) for part in parts),
        kept_discussion(path, HEADING),
    ]
    return "\n\n".join(block.strip() for block in blocks if block) + "\n"


def title(code: str) -> str:
    """The balancing of a contender in words."""
    methods = code.partition(BALANCE)[2].split("+")
    return f"`{methods[0]}`" if len(methods) == 1 else "the method is searched"


def _problem(part: Searches) -> str:
    found, standard = part.comparison, part.codes[0]
    one = found.searches[0]
    trainings = one.budget // found.unit
    text = f"""Each search sees {trainings} trainings of {found.unit:,} samples. Hypervolume of
{", ".join(found.objectives)} on the validation split: 0 is no learning, 1 the best possible value in every objective.
Against {title(standard)}: the difference of the hypervolumes with its 95% interval, by ranks (see [the page on
sharing](sharing.md)). Busy: the workers' time of a search."""
    blocks = [
        f"## {found.problem}",
        paragraph(text),
        rows_of([*_volumes(part)]),
        paragraph(
            f"""The best compromise of each search on the **test split**, median (range), and whether it is ahead of
that of {title(standard)} by more than chance. Each comparison has its own 95%: of twenty, about one is clear by
chance."""
        ),
        rows_of([*_compromises(part)]),
    ]
    if part.methods:
        counted = sum((Counter(one) for one in part.methods), Counter[str]())
        shares = ", ".join(f"`{name}` {count / counted.total():.0%}" for name, count in counted.most_common())
        blocks.append(paragraph(f"Of the last quarter of the candidates, where the method is searched: {shares}."))
    return "\n\n".join(blocks)


def _volumes(part: Searches) -> Iterator[tuple[str, ...]]:
    yield "balancing", "searches", "hypervolume", "against the first", "which is", "failed", "busy"
    first = part.volumes(part.codes[0])
    for code in part.codes:
        searches, volumes = part.of(code), part.volumes(code)
        if not searches:
            continue
        failed = sum(one.state == "failed" for search in searches for one in search.ended)
        ended = sum(len(search.ended) for search in searches)
        busy = median(sum(one.seconds for one in search.ended) for search in searches)
        words = (NONE, NONE) if code == part.codes[0] else _against(volumes, first, "maximize")
        yield (
            title(code),
            str(len(searches)),
            spread(volumes, "{:.3f}".format),
            *words,
            f"{failed} of {ended}",
            duration(busy),
        )


def _against(values: Sequence[float], others: Sequence[float], goal: str) -> tuple[str, str]:
    if not others:
        return NONE, NONE
    difference, interval = shift(values, others)
    bounds = "" if interval is None else f" ({interval[0]:+.3f} to {interval[1]:+.3f})"
    return f"{difference:+.3f}{bounds}", verdict(interval, goal)


def _compromises(part: Searches) -> Iterator[tuple[str, ...]]:
    metrics = part.comparison.objectives
    yield "balancing", *(f"{metric.heading} {metric.score.arrow}" for metric in metrics.values())
    first = {name: _tested(part.of(part.codes[0]), name) for name in metrics}
    for code in part.codes:
        searches = part.of(code)
        if not searches:
            continue
        cells = []
        for name, metric in metrics.items():
            values = _tested(searches, name)
            cell = spread(values, metric.score.text)
            if code != part.codes[0] and values and first[name]:
                word = _word(values, first[name], metric.score)
                cell += f" **{word}**" if word in ("ahead", "behind") else ""
            cells.append(cell)
        yield title(code), *cells


def _word(values: Sequence[float], others: Sequence[float], score: Score) -> str:
    """Whether the values are ahead of the others."""
    interval = shift(*([score.figure(value) for value in group] for group in (values, others)))[1]
    return verdict(interval, score.goal)


def _tested(searches: Sequence[Search], name: str) -> list[float]:
    """The test scores of the best compromises that have the score."""
    tests = (search.best.test for search in searches if search.best is not None)
    return [test.scores[name] for test in tests if test is not None and name in test.scores]
