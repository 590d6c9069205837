"""Tables of candidates."""

from collections.abc import Sequence

import click

from search.cli.options import fits, print_table
from search.display import number_text
from search.ledger import Entry, Result
from search.runs import Run
from spaces.metrics import PRODUCT


def print_front(run: Run, front: Sequence[Entry]) -> None:
    """The front beside the single-task models, the validation scores of all."""
    results = [
        (str(entry.number), entry.result, run.ledger.samples_seen([entry.number])) for entry in front if entry.result
    ]
    told = run.ledger.baselines
    results += [
        (f"single-task {output.name}", told[output.name], told[output.name].samples_seen)
        for output in run.problem.outputs
        if output.name in told
    ]
    scores = [name for name in run.problem.metrics if name in run.objectives or run.metric(name).code != PRODUCT]
    columns, rows = _columns_and_rows(run, scores, results)
    hidden = not fits(columns, rows)
    if hidden:
        columns, rows = _columns_and_rows(run, list(run.objectives), results)
    summary = run.summary()
    title = (
        f"{run.folder.name}: {len(front)} of {summary['complete']} candidates on the front "
        f"({summary['failed']} failed), validation scores, ↑↓ objectives"
    )
    print_table(title, columns, rows)
    if hidden:
        click.echo("note: the objectives alone, for the other scores do not fit; see valp show, or --json")
    if any(entry.parents for entry in front):
        click.echo("note: bred candidates began with their parents' weights; their ancestors' samples are counted too")
    for remark in run.problem.remarks:
        click.echo(f"note: {remark}")


def _columns_and_rows(
    run: Run, scores: list[str], results: Sequence[tuple[str, Result, int]]
) -> tuple[list[str], list[list[str]]]:
    """The headers, and a line for each result, with these scores; the samples seen too where they differ."""
    headers = [f"{name}{' ' + _arrow(run, name) if name in run.objectives else ''}" for name in scores]
    differ = len({samples for _, _, samples in results}) > 1
    rows = []
    for name, result, samples in results:
        values = [number_text(result.scores[score]) if score in result.scores else "–" for score in scores]
        seen = [f"{samples:,}"] if differ else []
        rows.append([name, *values, f"{result.parameters:,}", *seen, f"{sum(result.seconds):.1f}"])
    return ["candidate", *headers, "parameters", *(["samples seen"] if differ else []), "seconds"], rows


def _arrow(run: Run, name: str) -> str:
    return "↑" if run.metric(name).direction == "maximize" else "↓"
