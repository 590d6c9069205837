"""The content of the live view, fitted to the width and height of the terminal."""

import time
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from valp.search.engine.status import Status
from valp.search.number_text import duration
from valp.search.pareto.front import by_knee, chances, least_differences, losses, ranked
from valp.search.run.result import PARAMETERS, Result
from valp.search.show.display.lines import duration_left

MOST_ROWS = 6
"""The most candidates of the front that are shown."""

MOST_WORKERS = 4
"""The most workers whose candidates are named."""

OTHER_LINES = 9
"""The lines of the view without the front, the workers and the events: bar, counts, the table's frame, gaps."""

NARROWEST_BAR = 10
GAP = 3
"""Spaces between two columns."""


class View:
    """A snapshot of a search, as a renderable of rich.

    Args:
        status: the state of the search. Later changes are not shown.
        events: the latest results.
    """

    def __init__(self, status: Status, events: Sequence[Text]) -> None:
        self._head = f"{status.run}  {status.ended} of {status.total}"
        self._done = status.ended, status.total
        self._began, self._left = status.started[0], duration_left(status)
        self._counts = counts(status)
        self._columns, self._rows, self._last = front_table(status)
        self._work, self._workers = tuple(status.work), status.workers
        self._events = tuple(events)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines of the view. Lines that are too long are cut, not wrapped."""
        width, height = options.max_width, console.height
        yield self._progress(width)
        yield _cut(self._counts)
        room = height - OTHER_LINES - min(len(self._work), MOST_WORKERS) - len(self._events)
        if self._rows or self._last:
            yield from self._front(width, max(1, min(MOST_ROWS, room)))
        yield from self._now(height)
        if height > OTHER_LINES + len(self._events):
            for i, event in enumerate(reversed(self._events)):
                yield _cut(Text.assemble(("last  " if i == 0 else "      ", "dim"), event))

    def _progress(self, width: int) -> Table:
        """The progress bar, the time elapsed and the time left."""
        gone = duration(time.monotonic() - self._began)
        times = f"{gone}, {self._left} left" if self._left else gone
        bar = width - len(self._head) - len(times) - 2 * GAP
        row = Table.grid(padding=(0, GAP, 0, 0))
        done, total = self._done
        if bar >= NARROWEST_BAR:
            row.add_row(Text(self._head, style="bold"), ProgressBar(total, done, width=min(bar, 40)), times)
        else:
            row.add_row(_cut(Text.assemble((self._head, "bold"), f"  {times}")))
        return row

    def _front(self, width: int, most: int) -> Iterator[Table | Text]:
        """The first candidates of the front, the knee first, with as many objectives as fit the width."""
        rows = [*self._rows[:most], *self._last]
        widths = [max(len(row[i].plain) for row in (self._columns, *rows)) for i in range(len(self._columns))]
        shown, used = [0], widths[0]
        for i in range(1, len(widths)):
            if used + GAP + widths[i] <= width:
                shown, used = [*shown, i], used + GAP + widths[i]
        table = Table.grid(padding=(0, GAP, 0, 0))
        for i in shown:
            table.add_column(justify="left" if i == 0 else "right", no_wrap=True)
        for row in (self._columns, *rows):
            table.add_row(*(row[i] for i in shown))
        yield Text("")
        yield table
        hidden = len(self._rows) - most
        if hidden > 0:
            yield _cut(Text(f"and {hidden} more on the front", style="dim"))
        yield Text("")

    def _now(self, height: int) -> Iterator[Text]:
        """What each worker is training."""
        most = MOST_WORKERS if height > OTHER_LINES + MOST_WORKERS else 1
        for i, work in enumerate(self._work[:most]):
            parents = f" from {' and '.join(map(str, work.parents))}" if work.parents else ""
            more = f", and {len(self._work) - most} more" if i == most - 1 and len(self._work) > most else ""
            gone = duration(time.monotonic() - work.since)
            yield _cut(Text.assemble(("now   " if i == 0 else "      ", "dim"), f"{work.title}{parents}, {gone}{more}"))


def counts(status: Status) -> str:
    """The counts of candidates by state, and the samples seen, as text."""
    parts = [f"{status.complete} complete"]
    parts += [f"{status.pruned} stopped early"] if status.pruned else []
    parts += [f"{status.failed} failed", f"{len(status.front)} on the front", f"{status.samples_seen:,} samples seen"]
    return ", ".join(parts)


def front_table(status: Status) -> tuple[list[Text], list[list[Text]], list[list[Text]]]:
    """The table of the front.

    A score that is better than the best baseline's by more than chance is green, and also bold, so that it can be
    recognised without colour.

    Returns:
        The headers; a row for each candidate of the front, the knee first; and the last rows: the best value of each
        objective, and the best baseline of each.
    """
    names, metrics = list(status.objectives), list(status.objectives.values())
    sized = [] if PARAMETERS in names else [PARAMETERS]
    arrows = [f"{metric.heading} {metric.score.arrow}" for metric in metrics]
    columns = [Text(text, style="dim") for text in ("candidate", *arrows, *sized)]
    results = {number: status.results[number] for number in status.front}
    values = {number: ranked(result.scores, status.objectives) for number, result in results.items()}
    known = [(number, row) for number, row in values.items() if row is not None]
    points = losses([row for _, row in known], metrics)
    least = least_differences([results[number].errors for number, _ in known], names)
    rows = [
        [
            Text(str(number)),
            *_values(status, [results[number]] * len(names)),
            *(Text(f"{results[number].parameters:,}") for _ in sized),
        ]
        for number in (known[i][0] for i in by_knee(points, chances(metrics), least))
    ]
    best = [status.results[status.best[name][1]] if name in status.best else None for name in names]
    last = [[Text("best of each"), *_values(status, best), *(Text("") for _ in sized)]] if rows else []
    baselines = status.baselines.best if status.baselines is not None else {}
    if any(name in baselines for name in names):
        reached = [baselines[name].value if name in baselines else None for name in names]
        plain = [Text(metric.score.text(value), style="dim") for metric, value in zip(metrics, reached, strict=True)]
        last.append([Text("best baseline", style="dim"), *plain, *(Text("") for _ in sized)])
    return columns, rows, last


def _values(status: Status, results: Sequence[Result | None]) -> list[Text]:
    """The cells of a row of scores, one for each objective, each with the result that it is from."""
    shown = []
    for (name, metric), result in zip(status.objectives.items(), results, strict=True):
        beats = False
        if result is not None and status.baselines is not None:
            beats = status.baselines.compare(name, result) == "better"
        value = None if result is None else result.scores.get(name)
        shown.append(Text(metric.score.text(value), style="bold green" if beats else ""))
    return shown


def _cut(text: str | Text) -> Text:
    """A line that is cut at the width of the terminal."""
    line = Text(text) if isinstance(text, str) else text
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
