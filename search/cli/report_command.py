"""`valp report`."""

from pathlib import Path

import click

from valp.search.cli.options import JSON, RUNS, print_json


@click.command("report")
@click.argument("run")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The HTML file.  [default: report.html in RUN's folder]"
)
@RUNS
@JSON
def report_command(run: str, output: Path | None, runs: Path, as_json: bool) -> None:
    """Write the report of RUN: one page with its front, candidates, graphs, samples and choices.

    The page is one file that a browser opens without a network. It shows the models of the front on the validation
    split. If the data or weights no longer exist, it shows the rest and says so. The search may still be running.

    \b
    Examples:
      valp report first
      valp report first -o first.html
    """
    from valp.search.cli.bar import bar
    from valp.search.run.run_status import open_to_watch
    from valp.search.show.report.material import effort
    from valp.search.show.report.page import write_report

    opened = open_to_watch(runs, run)
    done = 0
    with bar("report", effort(opened)) as progress:

        def told() -> None:
            nonlocal done
            done += 1
            progress.show(done)

        path = write_report(opened, output, progress.say, told)
    if as_json:
        print_json({"report": str(path)})
    else:
        click.echo(str(path))
