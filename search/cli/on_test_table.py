"""The table of `valp best --test`: the front on the validation and on the test split."""

from collections.abc import Mapping, Sequence

from valp.score import ABSENT
from valp.score.clear_difference import interval_text
from valp.search.cli.options import print_line, print_table, terminal_width
from valp.search.cli.table_widths import table_width
from valp.search.run.ledger import Entry
from valp.search.run.result import Measured
from valp.search.run.run import StoredRun
from valp.spaces.problem.metrics import Metric


def print_on_test(run: StoredRun, front: Sequence[Entry], found: Mapping[int, Measured]) -> None:
    """Prints the objectives of the front on both splits, with 95% confidence intervals where they are known."""
    columns, rows = ["candidate"], [[str(entry.number)] for entry in front]
    for name, metric in run.objectives.items():
        columns += [f"{metric.heading} {metric.score.arrow}\nvalidation", "\ntest"]
        for row, entry in zip(rows, front, strict=True):
            chosen = Measured() if entry.result is None else Measured(entry.result.scores, entry.result.errors)
            row += [_cell(name, metric, split) for split in (chosen, found[entry.number])]
    width = terminal_width()
    narrow = width is not None and table_width(columns, rows) > width
    title = f"{run.folder.name}: the front on the validation split, which chose it, and on the test split"
    print_table(title, columns, rows, narrow=narrow)
    print_line("±: 95% confidence interval, how much a score may differ for other rows and other noise")
    without = [str(entry.number) for entry in front if not run.folder.has_weights(entry.number)]
    if without:
        print_line(f"no weights are kept of {', '.join(without)}")


def _cell(name: str, metric: Metric, split: Measured) -> str:
    value = split.scores.get(name)
    return ABSENT if value is None else interval_text(metric.score.text(value), split.errors.get(name))
