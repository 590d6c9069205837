"""Tables of candidates."""

from collections.abc import Sequence

import click

from search.cli.options import print_table
from search.display import number_text
from search.ledger import Entry
from search.runs import Run


def print_front(run: Run, front: Sequence[Entry]) -> None:
    """The front beside the single-task models, the validation scores of all."""
    scores = list(run.problem.metrics)
    headers = [f"{name}{' ' + _arrow(run, name) if name in run.objectives else ''}" for name in scores]
    results = [(str(entry.number), entry.result) for entry in front]
    told = run.ledger.baselines
    results += [
        (f"single-task {output.name}", told[output.name]) for output in run.problem.outputs if output.name in told
    ]
    rows = []
    for name, result in results:
        if result is not None:
            values = [number_text(result.scores[score]) if score in result.scores else "–" for score in scores]
            rows.append([name, *values, f"{result.parameters:,}", f"{sum(result.seconds):.1f}"])
    summary = run.summary()
    title = (
        f"{run.folder.name}: {len(front)} of {summary['complete']} candidates on the front "
        f"({summary['failed']} failed), validation scores, ↑↓ objectives"
    )
    print_table(title, ["candidate", *headers, "parameters", "seconds"], rows)
    for remark in run.problem.remarks:
        click.echo(f"note: {remark}")


def _arrow(run: Run, name: str) -> str:
    return "↑" if run.metric(name).direction == "maximize" else "↓"
