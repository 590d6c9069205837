"""Tables of one candidate: its scores and its graph."""

from valp.graph.graph import Connection, Graph, Output, PrimaryNetwork, Role
from valp.score import ABSENT
from valp.search.cli.options import print_line, print_table
from valp.search.number_text import number_text
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun


def print_scores(run: StoredRun, entry: Entry) -> None:
    """Prints a candidate's scores, with those of the best baseline and how the objectives compare with it."""
    if entry.result is None or not entry.result.scores:
        return
    baselines, metrics, scores = run.baselines, run.metrics, entry.result.scores
    rows = []
    for name, metric in metrics.items():
        if name not in scores and (metric.score.on_demand or not metric.score.listed):
            continue
        best = baselines.best.get(name)
        word = baselines.compare(name, entry.result) if name in run.objectives else None
        rows.append(
            [
                metric.heading,
                metric.score.text(scores.get(name)),
                metric.score.text(None if best is None else best.value),
                "" if best is None else best.title,
                word or "",
            ]
        )
    rows += [[name, number_text(value), ABSENT, "", ""] for name, value in scores.items() if name not in metrics]
    print_table("validation scores", ["score", "this", "best baseline", "which", "compared"], rows)


def print_graph(graph: Graph) -> None:
    """Prints a graph: a line for each network and output, and the losses."""
    from valp.draw.layer_text import layers_text
    from valp.parts.kinds import KINDS
    from valp.parts.shapes import text

    rows = []
    parts: list[PrimaryNetwork | Output] = [*graph.networks, *graph.outputs]
    for part in parts:
        sources = [_source(connection) for connection in graph.incoming(part.name)]
        if isinstance(part, PrimaryNetwork):
            kind, layers, unit = KINDS[part.kind].title, layers_text(part), part.output
        else:
            kind, layers, unit = "output", "", part.unit
        rows.append([part.name, kind, ", ".join(sources), layers, f"{text(unit.shape)} {unit.type}"])
    print_table("graph", ["component", "kind", "reads", "layers", "produces"], rows, left=5)
    losses = ", ".join(f"{loss.beta:.3g} × {loss.kind} of {loss.prediction}" for loss in graph.losses)
    print_line(f"loss: {losses}")


def _source(connection: Connection) -> str:
    """A connection's source, how many variables it carries if not all, and its role unless that is data."""
    source = connection.source if connection.indices is None else f"{connection.source}[{len(connection.indices)}]"
    return source if connection.role is Role.DATA else f"{source} ({connection.role})"
