"""The command line.

Exit codes: 0 success, 1 an error, explained on stderr, 2 wrong usage, 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP.
"""

import atexit
import sys

import click

from valp.errors import ValpError
from valp.search.cli.clean_command import clean_command
from valp.search.cli.dashboard_command import dashboard_command
from valp.search.cli.export_command import export_command
from valp.search.cli.graph_commands import check_command, draw_command
from valp.search.cli.graphs_command import graphs_command
from valp.search.cli.model_commands import score_command, train_command
from valp.search.cli.report_command import report_command
from valp.search.cli.run_commands import best_command, list_command, show_command
from valp.search.cli.search_commands import problems_command, search_command
from valp.search.cli.signals import SignalError, ending_at_signals
from valp.search.cli.status_command import status_command
from valp.search.cli.streams import abandon_stdout, accept_any_text, complain, is_stdout_lost, leave_lost_stderr
from valp.search.cli.use_commands import generate_command, predict_command

INTERRUPTED = 130
SIGNALLED = 128
"""Added to the number of a signal, this is the exit code of a command that it has ended."""


class Commands(click.Group):
    """The commands in the order a user meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """See click."""
        return list(self.commands)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="valp")
def cli() -> None:
    """Search for VALPs: typed graphs of small networks that classify, regress and generate at once.

    \b
    A first session:
      valp search digits --name first --candidates 24 --steps 500
      valp best first
      valp show first
      valp report first
      valp export first -o digits.valp
      valp score digits.valp
    """


for command in (
    problems_command,
    search_command,
    list_command,
    status_command,
    best_command,
    show_command,
    draw_command,
    check_command,
    graphs_command,
    train_command,
    score_command,
    export_command,
    predict_command,
    generate_command,
    report_command,
    dashboard_command,
    clean_command,
):
    cli.add_command(command)


def main() -> None:
    """The entry point. Prints an error of this library, or of the operating system, as one sentence."""
    accept_any_text()
    atexit.register(leave_lost_stderr)
    try:
        with ending_at_signals():
            # Outside standalone mode, click returns the code that a command has passed to `exit`.
            code = cli.main(prog_name="valp", standalone_mode=False)
            sys.stdout.flush()  # here, so that an error is not met at exit
    except ValpError as error:
        complain(str(error))
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        complain("stopped; finished work is kept")
        first = error.__cause__ or error  # click raises Abort from the interrupt
        sys.exit(SIGNALLED + first.number if isinstance(first, SignalError) else INTERRUPTED)
    except BrokenPipeError:  # the reader of stdout has enough
        abandon_stdout()
        sys.exit(1)
    except OSError as error:
        where = "stdout" if is_stdout_lost() else error.filename or "a file"
        abandon_stdout()
        complain(f"{where} cannot be read or written: {error.strerror or error}")
        sys.exit(1)
    if isinstance(code, int):
        sys.exit(code)
