"""`valp dashboard`."""

from pathlib import Path

import click

from valp.search.cli.options import RUNS

NICENESS = 10


@click.command("dashboard")
@click.argument("run")
@click.option(
    "--port", type=int, default=8080, show_default=True, help="The port on this machine; 0 takes any free one."
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@RUNS
def dashboard_command(run: str, port: int, no_browser: bool, runs: Path) -> None:
    """Show RUN in Optuna's dashboard, live while it is searched.

    Only this machine can open it. Ctrl-C ends it.

    Each candidate is a trial with its number, its graph, samples if its weights are kept, and a note with its scores
    and the commands that show and export it. The dashboard only reads: nothing that you do in it changes the run.

    \b
    Examples:
      valp dashboard first
      valp dashboard first --port 9000 --no-browser
    """
    import os
    import webbrowser
    from contextlib import suppress

    from valp.search.run.run_status import open_to_watch
    from valp.search.show.dashboard.server import address, dashboard

    with dashboard(open_to_watch(runs, run), runs, port, lambda line: click.echo(line, err=True)) as server:
        try:
            click.echo(f"{run}: {address(server)} (Ctrl-C ends it)")
            if not no_browser:
                webbrowser.open(address(server))
            with suppress(AttributeError, OSError):  # if the system has priorities, a search goes first
                os.nice(NICENESS)
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("the dashboard is closed", err=True)
