"""The candidate that a command uses: the one the user names, or else the best compromise of the run."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from valp.errors import FileError
from valp.search.run.command_words import runs_option

if TYPE_CHECKING:
    from valp.search.run.ledger_entry import Entry
    from valp.search.run.run import StoredRun

MOST_NAMED = 5
"""The most candidates that a message lists."""


def chosen_candidate(run: "StoredRun", number: int | None) -> "Entry":
    """Candidate `number` of a run. Without a number it is the best compromise, and a line on stderr says so.

    Raises:
        FileError: if there is no such candidate, or no candidate is complete.
    """
    if number is not None:
        return run.ledger.entry(number)
    front = run.front()
    if not front:
        raise FileError(f"run {run.folder.name!r} has no complete candidate yet")
    others = f", the first of {len(front)} on the front" if len(front) > 1 else ""
    click.echo(f"candidate {front[0].number} of {run.folder.name}: the best compromise{others}", err=True)
    return front[0]


def require_weights(run: "StoredRun", entry: "Entry", output: Path) -> None:
    """Checks that a candidate can be exported.

    Args:
        run: the run.
        entry: the candidate.
        output: the file to write, for the command in the message that trains the candidate again.

    Raises:
        FileError: if the candidate is not complete, or its weights are not kept. The message says what to do instead.
    """
    if entry.state == "complete" and run.folder.has_weights(entry.number):
        return
    name, number = run.folder.name, entry.number
    kept = [other.number for other in run.front() if run.folder.has_weights(other.number)]
    listed = ", ".join(map(str, kept[:MOST_NAMED])) + (", …" if len(kept) > MOST_NAMED else "")
    instead = f"export {listed} instead" if kept else "no other candidate has weights either"
    if entry.state == "complete":
        where = runs_option(run.folder.path.parent)
        again = f"valp train --from {shlex.quote(name)} {number} -o {shlex.quote(str(output))}{where}"
        kept_only = run.settings.keep == "front"
        why = f"because run {name!r} keeps only those of its front" if kept_only else "as after valp clean"
        raise FileError(f"candidate {number} has no weights, {why}: {instead}, or train it again: {again}")
    states = {"failed": "failed", "pruned": "was stopped early", "running": "is not finished"}
    raise FileError(f"candidate {number} of run {name!r} {states[entry.state]}, so it has no weights: {instead}")
