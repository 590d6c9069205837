"""The table of `valp best --test`: the front on the validation and on the test split."""

from collections.abc import Mapping, Sequence

from valp.score import ABSENT
from valp.score.clear_difference import compared, interval_text
from valp.search.cli.front_table import MARKS, MARKS_TEXT
from valp.search.cli.options import print_line, print_table, terminal_width
from valp.search.cli.table_widths import table_width
from valp.search.run.ledger_entry import Entry
from valp.search.run.result import Measured
from valp.search.run.run import StoredRun
from valp.spaces.problem.metrics import Metric


def print_on_test(run: StoredRun, front: Sequence[Entry], found: Mapping[int, Measured], baselines: Measured) -> None:
    """Prints the objectives of the front on both splits, with 95% confidence intervals where they are known.

    Args:
        run: the run.
        front: its front.
        found: the test scores by the number of the candidate.
        baselines: the test scores of the best baseline of each objective.
    """
    best = run.baselines.best
    chosen = {name: one for name, one in best.items() if name in run.objectives}
    held = Measured(
        {n: one.value for n, one in chosen.items()},
        {n: one.error for n, one in chosen.items() if one.error is not None},
    )
    columns, rows = ["candidate"], [[str(entry.number)] for entry in front]
    rows += [["best baseline"]] if chosen else []
    for name, metric in run.objectives.items():
        columns += [f"{metric.heading} {metric.score.arrow}\nvalidation", "\ntest"]
        for row, entry in zip(rows, front, strict=False):
            own = Measured() if entry.result is None else Measured(entry.result.scores, entry.result.errors)
            splits = ((own, held), (found[entry.number], baselines))
            row += [_cell(name, metric, split) + _mark(name, metric, split, than) for split, than in splits]
        if chosen:
            rows[-1] += [_cell(name, metric, split) for split in (held, baselines)]
    width = terminal_width()
    narrow = width is not None and table_width(columns, rows) > width
    title = f"{run.folder.name}: the front on the validation split, which chose it, and on the test split"
    print_table(title, columns, rows, narrow=narrow)
    print_line("±: 95% confidence interval, how much a score may differ for other rows and other noise")
    if chosen:
        print_line(MARKS_TEXT)
        named = [f"{name}: {one.title}" for name, one in chosen.items()]
        print_line(f"the best baselines, chosen on the validation split: {', '.join(named)}")
    without = [str(entry.number) for entry in front if not run.folder.has_weights(entry.number)]
    if without:
        print_line(f"no weights are kept of {', '.join(without)}")


def _mark(name: str, metric: Metric, split: Measured, than: Measured) -> str:
    """How a score compares with the best baseline's on the same split."""
    a, b = split.scores.get(name), than.scores.get(name)
    if a is None or b is None:
        return ""
    return MARKS.get(compared(metric.score, a, b, split.errors.get(name), than.errors.get(name)), "")


def _cell(name: str, metric: Metric, split: Measured) -> str:
    value = split.scores.get(name)
    return ABSENT if value is None else interval_text(metric.score.text(value), split.errors.get(name))
