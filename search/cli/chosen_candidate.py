"""The candidate that a command takes: the one asked for, or the best compromise of its run."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from valp.errors import FileError

if TYPE_CHECKING:
    from valp.search.run.ledger import Entry
    from valp.search.run.run import StoredRun

MOST_NAMED = 5
"""Candidates that a message names, at most."""


def chosen_candidate(run: "StoredRun", number: int | None) -> "Entry":
    """Candidate `number` of a run; without a number the best compromise, and stderr says which one that is.

    Raises:
        FileError: if there is none.
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
    """Refuses a candidate that cannot be exported, and names those that can be.

    Args:
        run: the run.
        entry: the candidate.
        output: the file to write, for the command that trains the candidate again.

    Raises:
        FileError: if the candidate is not complete, or its weights are not kept.
    """
    if entry.state == "complete" and run.folder.has_weights(entry.number):
        return
    name, number = run.folder.name, entry.number
    kept = [other.number for other in run.front() if run.folder.has_weights(other.number)]
    listed = ", ".join(map(str, kept[:MOST_NAMED])) + (", …" if len(kept) > MOST_NAMED else "")
    instead = f"export {listed} instead" if kept else "no other candidate has weights either"
    if entry.state == "complete":
        again = f"train it again: valp train --from {name} {number} -o {shlex.quote(str(output))}"
        raise FileError(
            f"candidate {number} has no weights, as run {name!r} keeps those of its front: {instead}, or {again}"
        )
    states = {"failed": "failed", "pruned": "was stopped early", "running": "is not finished"}
    raise FileError(f"candidate {number} of run {name!r} {states[entry.state]}, so it has no weights: {instead}")
