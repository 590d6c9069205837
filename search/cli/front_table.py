"""The table of `valp best`: the front and the baselines, with the columns that fit the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from valp.score.clear_difference import Comparison
from valp.search.cli.options import print_line, print_table, terminal_width
from valp.search.cli.table_widths import narrow_width, table_width
from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun

WARNING_SCORES = ("copying", "memorising", "coverage", "zero_gradients")
"""Scores that show whether a good value of an objective is misleading.

Samples may have every class but be unlike the data, or be copies of their condition or of training rows. An output may
have no gradient that an attack can use.
"""

MARKS: dict[Comparison | None, str] = {"better": " ✓", "equal": " ≈"}
"""What is written after a score that is better than the best baseline's by more than chance, or not clearly different.
"""

MARKS_TEXT = "✓ better than the best baseline by more than chance, ≈ no clear difference (95%)"
"""The line below a table that says what the marks mean."""

LONG = 15
"""An objective with a longer name has a header of two lines."""


@dataclass(frozen=True)
class FrontColumn:
    """A column of the table.

    Attributes:
        name: what it shows, in one line.
        header: the same, with an arrow or in two lines.
        cells: one for each row.
        kept: when a narrow terminal shows the column: `always`, before others because it `warns`, or if there is
            `room`.
    """

    name: str
    header: str
    cells: list[str]
    kept: Literal["always", "warns", "room"] = "room"


def print_front(run: StoredRun, front: Sequence[Entry]) -> None:
    """Prints the front and the baselines with their validation scores."""
    baselines = run.baselines
    columns = front_columns(run, baselines, front)
    width = terminal_width()
    shown = columns if width is None else fitting_columns(columns, width)
    headers, rows = _headers_and_rows(shown)
    narrow = width is not None and table_width(*_headers_and_rows(columns)) > width
    summary = run.summary()
    others = f"{summary['failed']} failed" + (f", {summary['unfinished']} unfinished" if summary["unfinished"] else "")
    title = (
        f"{run.folder.name}: {len(front)} of {summary['complete']} candidates on the front "
        f"({others}), validation scores, ↑↓ objectives"
    )
    print_table(title, headers, rows, narrow=narrow)
    left_out = [column.name for column in columns if column not in shown]
    if left_out:
        print_line(f"left out: {', '.join(left_out)}; --json or a wider terminal shows them")
    if baselines.best:
        print_line(MARKS_TEXT)
    for remark in run.notes(front):
        print_line(f"note: {remark}")


def front_columns(run: StoredRun, baselines: BaselineScores, front: Sequence[Entry]) -> list[FrontColumn]:
    """All columns in their order: the objectives, the other scores, the samples seen and the seconds.

    The samples seen have a column only if they differ.
    """
    results, rows = [entry.result for entry in front if entry.result is not None], baselines.rows()
    labels = [*(str(entry.number) for entry in front if entry.result is not None), *(row.title for row in rows)]
    columns = [FrontColumn("candidate", "candidate", labels, "always")]
    for name, metric in run.shown_scores.items():
        marks = MARKS if name in run.objectives else {}
        cells = [
            metric.score.text(result.scores.get(name)) + marks.get(baselines.compare(name, result), "")
            for result in results
        ]
        cells += [metric.score.text(row.scores.get(name)) for row in rows]
        if name in run.objectives:
            header = f"{metric.heading} {metric.score.arrow}"
            if len(name) > LONG:
                header = header.replace("_", "_\n", 1)
            columns.append(FrontColumn(name, header, cells, "always"))
        else:
            kept: Literal["warns", "room"] = "warns" if metric.score.code in WARNING_SCORES else "room"
            columns.append(FrontColumn(name, metric.heading, cells, kept))
    samples = [entry.samples_seen_with_parents for entry in front if entry.result is not None]
    samples += [row.samples_seen for row in rows]
    if len(set(samples)) > 1:
        bred = any(entry.parents for entry in front)
        name = "samples seen with parents" if bred else "samples seen"
        header = "samples seen\nwith parents" if bred else name
        columns.append(FrontColumn(name, header, [f"{count:,}" for count in samples]))
    seconds = [*(sum(result.seconds) for result in results), *(row.seconds for row in rows)]
    columns.append(FrontColumn("seconds", "seconds", [f"{value:.1f}" for value in seconds]))
    return columns


def fitting_columns(columns: Sequence[FrontColumn], width: int) -> list[FrontColumn]:
    """The columns that fit a terminal: those that are kept, then the others from the left until the line is full.

    If the kept ones are too wide, the scores that warn are dropped, the last one first. Objectives are never dropped.
    """
    if table_width(*_headers_and_rows(columns)) <= width:
        return list(columns)
    kept = [column for column in columns if column.kept != "room"]
    while kept[-1].kept == "warns" and narrow_width(*_headers_and_rows(kept), wrapped=True) > width:
        kept.pop()
    for column in columns:
        if column.kept != "room":
            continue
        wider = [other for other in columns if other in kept or other is column]
        if narrow_width(*_headers_and_rows(wider)) > width:
            break
        kept = wider
    return kept


def _headers_and_rows(columns: Sequence[FrontColumn]) -> tuple[list[str], list[list[str]]]:
    rows = [list(cells) for cells in zip(*(column.cells for column in columns), strict=True)]
    return [column.header for column in columns], rows
