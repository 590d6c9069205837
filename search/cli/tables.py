"""Tables of candidates, and of one."""

from collections.abc import Sequence

import click

from valp.graph.graph import Graph, Output, PrimaryNetwork
from valp.search.cli.options import fits, print_table
from valp.search.number_text import ARROWS
from valp.search.run.ledger import Entry
from valp.search.run.result import Result
from valp.search.run.run import StoredRun
from valp.search.show.display import number_text


def print_front(run: StoredRun, front: Sequence[Entry]) -> None:
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
    columns, rows = _columns_and_rows(run, list(run.shown_scores), results)
    hidden = not fits(columns, rows)
    if hidden:
        columns, rows = _columns_and_rows(run, list(run.objectives), results)
    summary = run.summary()
    others = f"{summary['failed']} failed" + (f", {summary['unfinished']} unfinished" if summary["unfinished"] else "")
    title = (
        f"{run.folder.name}: {len(front)} of {summary['complete']} candidates on the front "
        f"({others}), validation scores, ↑↓ objectives"
    )
    print_table(title, columns, rows)
    if hidden:
        click.echo("note: the objectives alone, for the other scores do not fit; see valp show, or --json")
    if any(entry.parents for entry in front):
        click.echo("note: bred candidates began with their parents' weights; their ancestors' samples are counted too")
    for remark in run.problem.remarks:
        click.echo(f"note: {remark}")


def print_scores(run: StoredRun, entry: Entry) -> None:
    """A candidate's scores beside those of the single-task models."""
    if entry.result is None or not entry.result.scores:
        return
    single = run.baseline_scores
    rows = [
        [name, number_text(value), number_text(single[name]) if name in single else "–"]
        for name, value in entry.result.scores.items()
    ]
    print_table("validation scores", ["score", "this", "single-task"], rows)


def print_graph(graph: Graph) -> None:
    """A graph, a line for each network and output, and its loss."""
    from valp.draw.layer_text import layers_text
    from valp.parts.kinds import KINDS
    from valp.parts.shapes import text

    rows = []
    parts: list[PrimaryNetwork | Output] = [*graph.networks, *graph.outputs]
    for part in parts:
        sources = [
            f"{c.source}[{len(c.indices)}]" if c.indices is not None else c.source for c in graph.incoming(part.name)
        ]
        if isinstance(part, PrimaryNetwork):
            kind, layers, unit = KINDS[part.kind].title, layers_text(part), part.output
        else:
            kind, layers, unit = "output", "", part.unit
        rows.append([part.name, kind, " ".join(sources), layers, f"{text(unit.shape)} {unit.type}"])
    print_table("graph", ["component", "kind", "reads", "layers", "gives"], rows, left=5)
    losses = ", ".join(f"{loss.beta:.3g} × {loss.kind} of {loss.prediction}" for loss in graph.losses)
    click.echo(f"loss: {losses}")


def _columns_and_rows(
    run: StoredRun, scores: list[str], results: Sequence[tuple[str, Result, int]]
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


def _arrow(run: StoredRun, name: str) -> str:
    return ARROWS[run.metric(name).direction]
