"""`valp status`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from valp.search.cli.options import JSON, RUNS, print_json, print_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from valp.search.run.run_status import RunStatus


@click.command("status")
@click.argument("run")
@click.option("--watch", is_flag=True, help="Show it again and again, until no driver is running.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="The seconds between two looks with --watch.",
)
@RUNS
@JSON
def status_command(run: str, watch: bool, every: float, runs: Path, as_json: bool) -> None:
    """Show what the search of RUN does now.

    It works from another terminal, and on each machine that has the folder of the runs. It only reads, and does not
    disturb the search.

    A search is running, finished, or interrupted: by a signal, by an error, by --hours, or killed. The lock of the run
    tells whether a driver is running, so what a killed driver was training is never shown as being trained. Then follow
    the number of candidates, the rate of the latest 20 candidates and the time left, what each worker is training and
    for how long, the best values compared with the baselines, failures by reason, and the last error.

    In JSON, `state` is running, finished, interrupted, locked (a search is just starting or ending, or valp clean is at
    work) or no driver (an earlier version searched the run, and it is not known how many candidates were wanted).
    `reason` is complete, deadline, interrupted, error or killed. Times are in UTC.

    \b
    Examples:
      valp status first
      valp status first --watch
      valp status first --json
    """
    from valp.search.cli.status_lines import status_lines
    from valp.search.run.run_status import open_to_watch, status_of

    if watch and as_json:
        raise click.UsageError("--json prints one document, so it cannot be used with --watch")
    if as_json:
        print_json(status_of(open_to_watch(runs, run)).document())
    elif watch:
        _watch(_looks(runs, run, every))
    else:
        for line in status_lines(status_of(open_to_watch(runs, run))):
            print_line(line)


def _looks(runs: Path, run: str, every: float) -> "Iterator[RunStatus]":
    """The status every so many seconds, the last time when no driver is running any more."""
    from valp.errors import FileError
    from valp.search.run.run_status import open_to_watch, status_of

    opened = open_to_watch(runs, run)
    while True:
        try:
            status = status_of(opened)
        except FileError:  # a killed driver may have left the ledger half written, or a new one has rebuilt it
            opened = open_to_watch(runs, run)
            status = status_of(opened)
        yield status
        if status.state not in ("running", "locked"):
            return
        time.sleep(every)


def _watch(looks: "Iterator[RunStatus]") -> None:
    """Shows each status in place on a terminal, elsewhere one below the other."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from valp.search.cli.status_lines import status_lines

    console = Console(highlight=False)
    if not console.is_terminal:
        for status in looks:
            click.echo("\n".join(status_lines(status)) + "\n")
        return
    with Live(console=console, auto_refresh=False) as live:
        for status in looks:
            lines = (Text(line, no_wrap=True, overflow="ellipsis") for line in status_lines(status))
            live.update(Group(*lines), refresh=True)
