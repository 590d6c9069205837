"""`valp list`, `valp best` and `valp show`."""

from pathlib import Path

import click

from search.cli.options import JSON, RUNS, print_json, print_table


@click.command("list")
@RUNS
@JSON
def list_command(runs: Path, as_json: bool) -> None:
    """List the runs: how far they are, and the best of each objective."""
    from search.display import number_text
    from search.runs import all_runs

    summaries = [run.summary() for run in all_runs(runs)]
    if as_json:
        print_json(summaries)
        return
    rows = []
    for summary in summaries:
        best = "  ".join(f"{name} {number_text(value)}" for name, value in summary["best"].items())
        counts = [str(summary[key]) for key in ("complete", "pruned", "failed", "unfinished", "front")]
        rows.append([summary["name"], summary["problem"], summary["strategy"], best, *counts])
    counted = ["complete", "stopped", "failed", "unfinished", "front"]
    columns = ["run", "problem", "strategy", "best of each objective", *counted]
    print_table(f"runs in {runs}", columns, rows, left=4)


@click.command("best")
@click.argument("run")
@click.option("--by", help="Sort by this score, best first.  [default: the knee first]")
@RUNS
@JSON
def best_command(run: str, by: str | None, runs: Path, as_json: bool) -> None:
    """Show the Pareto front of RUN beside its single-task models.

    First comes the knee: the candidate nearest to the ideal point, each objective scaled to its range on the front.
    """
    from search.cli.tables import print_front
    from search.runs import open_run

    opened = open_run(runs, run)
    front = opened.front(by)
    if as_json:
        print_json([entry.listing() for entry in front])
    else:
        print_front(opened, front)


@click.command("show")
@click.argument("run")
@click.argument("number", metavar="N", type=int)
@RUNS
@JSON
def show_command(run: str, number: int, runs: Path, as_json: bool) -> None:
    """Show candidate N of RUN: its scores, its graph, how it was trained; its pictures are drawn."""
    from search.display import number_text
    from search.pictures import draw_graph
    from search.runs import open_run
    from valp.kinds import KINDS
    from valp.prose import layers_text
    from valp.shapes import text

    opened = open_run(runs, run)
    entry = opened.ledger.entry(number)
    candidate = entry.candidate
    if as_json:
        print_json(entry.listing() | {"candidate": candidate.model_dump(mode="json")})
        return
    result, training = entry.result, candidate.training
    click.echo(f"candidate {number} of {run}: {entry.state}")
    if result is not None:
        if result.failure:
            click.echo(f"  it failed: {result.failure}")
        click.echo(f"  {result.parameters:,} parameters, {result.samples_seen:,} samples seen")
        click.echo(f"  {result.seconds[0]:.1f} s of training, {result.seconds[1]:.1f} s of scoring")
    if candidate.parents:
        parents, seen = " and ".join(map(str, candidate.parents)), candidate.lineage_samples
        click.echo(f"  it began with weights of {parents}, whose lineage had seen {seen:,} samples")
    click.echo(f"  learning rate {training.learning_rate:.3g}, batch {training.batch}, {training.steps} steps")
    if result is not None and result.scores:
        single = opened.baseline_scores
        rows = [
            [name, number_text(value), number_text(single[name]) if name in single else "–"]
            for name, value in result.scores.items()
        ]
        print_table("validation scores", ["score", "this", "single-task"], rows)
    graph = candidate.graph
    rows = []
    for network in graph.networks:
        sources = [
            f"{c.source}[{len(c.indices)}]" if c.indices is not None else c.source for c in graph.incoming(network.name)
        ]
        kind, layers = KINDS[network.kind].title, layers_text(network)
        rows.append(
            [network.name, kind, " ".join(sources), layers, f"{text(network.output.shape)} {network.output.type}"]
        )
    for output in graph.outputs:
        sources = [c.source for c in graph.incoming(output.name)]
        rows.append([output.name, "output", " ".join(sources), "", f"{text(output.unit.shape)} {output.unit.type}"])
    print_table("graph", ["component", "kind", "reads", "layers", "gives"], rows, left=5)
    losses = ", ".join(f"{loss.beta:.3g} × {loss.kind} of {loss.prediction}" for loss in graph.losses)
    click.echo(f"loss: {losses}")
    click.echo(f"picture: {draw_graph(opened, entry)}")
