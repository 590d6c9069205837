"""`valp clean`."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from valp.errors import SettingError
from valp.search.cli.options import JSON, RUNS, print_json, print_table

if TYPE_CHECKING:
    from valp.search.engine.clean import Part

NAMED = 10
"""The most paths of each kind that are listed."""


@click.command("clean")
@click.argument("run", required=False)
@click.option("--all", "everything", is_flag=True, help="Delete the whole RUN.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@RUNS
@JSON
def clean_command(run: str | None, everything: bool, yes: bool, runs: Path, as_json: bool) -> None:
    """Delete the files that RUN no longer needs.

    These are the weights and pictures of candidates off the front, also in a run with --keep all, unless a later
    candidate may inherit the weights, and half-written files of a search that was killed. The scores, curves and graphs
    of all candidates are kept. The run can still be resumed and then proposes the same candidates. With or without RUN,
    the command also deletes temporary folders of killed searches, and runs whose deletion was interrupted.

    Only files that valp has a record of are deleted; a file name alone is never a reason. The files are listed first,
    and you are asked. A long list is shortened; --json has all of it. With --json and without --yes nothing is deleted.

    \b
    Examples:
      valp clean first
      valp clean first --all --yes
      valp clean first --json
    """
    from valp.search.engine.clean import deletions, remove, superfluous, temporary, whole
    from valp.search.run.folder import existing
    from valp.search.run.opened_run import kept_alone
    from valp.search.run.run import open_run
    from valp.search.run.temporary_folders import abandoned

    if everything and run is None:
        raise SettingError("--all deletes a whole run, so it needs the name of a RUN")
    folder = existing(runs, run) if run is not None else None
    with kept_alone(folder) if folder is not None else nullcontext() as delete_ledger:
        parts = temporary([*abandoned(), *deletions(runs)])
        if folder is not None:
            parts = [*(whole(folder) if everything else superfluous(open_run(runs, folder.name))), *parts]
        listed = [{"what": part.title, "paths": list(map(str, part.paths)), "bytes": part.size} for part in parts]
        if not as_json:
            _show(parts, run)
        goes = bool(parts) and (yes or (not as_json and _is_confirmed()))
        if goes:
            remove(parts)
            if everything and delete_ledger is not None:
                delete_ledger()
    if as_json:
        print_json({"run": run, "deleted": goes, "parts": listed})


def _show(parts: "list[Part]", run: str | None) -> None:
    if not parts:
        click.echo(f"nothing to clean{f' in {run}' if run is not None else ''}")
        return
    rows = [[part.title, f"{len(part.paths):,}", _megabytes(part.size)] for part in parts]
    rows.append(["in all", "", _megabytes(sum(part.size for part in parts))])
    print_table("to be deleted", ["what", "files", "MB"], rows)
    for part in parts:
        click.echo(f"{part.title}:")
        for path in part.paths[:NAMED]:
            click.echo(f"  {_name(path)}")
        if len(part.paths) > NAMED:
            click.echo(f"  and {len(part.paths) - NAMED:,} more; --json lists all")


def _name(path: Path) -> str:
    """A path as text. Control characters are escaped, because they could hide a path."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def _is_confirmed() -> bool:
    try:
        return click.confirm("delete it?", err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise SettingError("nothing was deleted, because stdin gave no answer to the question; use --yes") from None


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f}"
