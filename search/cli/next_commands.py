"""The commands that `valp search` prints at its end. They can be pasted into the same shell."""

import shlex
import shutil
import sys
from pathlib import Path

import click

from valp.search.run.command_words import runs_option
from valp.search.run.folder import Folder


def print_next_commands(run: Folder, number: int, model: str, steps: int) -> None:
    """Prints the commands that show a run, and export or train its best candidate.

    Args:
        run: the folder of the run.
        number: the number of the best compromise.
        model: a file name for the model.
        steps: the number of steps of a long training.
    """
    where = runs_option(run.path.parent)
    name, output = shlex.quote(run.name), shlex.quote(model)
    click.echo("next:")
    for words in (
        f"best {name}{where}",
        f"show {name}{where}",
        f"report {name}{where}",
        f"export {name} -o {output}{where}",
        f"train --from {name} {number} --steps {steps} --seeds 3 -o {output}{where}",
    ):
        click.echo(f"  {program()} {words}")


def program() -> str:
    """The command that starts this program: `valp` if the shell finds it by that name, else its path."""
    called = Path(sys.argv[0])
    found = shutil.which("valp")
    if called.name != "valp" or not called.is_file() or (found is not None and called.samefile(found)):
        return "valp"
    return shlex.quote(sys.argv[0])
