"""`valp draw` and `valp check`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from valp.errors import SettingError
from valp.search.cli.options import JSON, print_json

if TYPE_CHECKING:
    from valp.graph.graph import Graph
    from valp.spaces.candidate import Candidate
    from valp.spaces.problem.description import Description

TRACES = ".npz"
"""The suffix of traces."""

GRAPH = click.argument("graph", metavar="GRAPH.json", type=click.Path(path_type=Path))


def read_candidate_or_graph(path: Path) -> "Candidate":
    """Reads a candidate from a JSON file that has a candidate or a bare graph."""
    from valp.files import parse_model, read_bytes
    from valp.graph.graph import Graph
    from valp.spaces.candidate import Candidate

    content = read_bytes(path)
    if _has_graph(content):
        return parse_model(Candidate, content, str(path))
    return Candidate(graph=parse_model(Graph, content, str(path)))


def graph_to_start_from(text: str, problem: "Description") -> "Graph":
    """The graph in a file, or the graph of that name in the catalogue.

    Raises:
        FileError: if the file does not contain a graph.
        SettingError: if there is neither such a file nor such a graph in the catalogue.
    """
    from valp.spaces.catalogue import catalogue_graph

    if text.endswith(".json") or Path(text).is_file():
        return read_candidate_or_graph(Path(text)).graph
    return catalogue_graph(text, problem)


def _has_graph(content: bytes) -> bool:
    """Whether a JSON document has the key `graph`, so that it is a candidate and not a bare graph."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):  # not JSON, or nested too deeply; reading it as a graph says so
        return False
    return isinstance(document, dict) and "graph" in document


@click.command("draw")
@GRAPH
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The picture: .svg or .png.")
@click.option(
    "--conflicts", is_flag=True, help="Of a trace, draw the graph with the conflicts between losses in each network."
)
@JSON
def draw_command(graph: Path, output: Path, conflicts: bool, as_json: bool) -> None:
    """Draw GRAPH.json, even if it breaks rules.

    The file may contain a graph or a candidate. It may also be a trace that `valp train --trace` has written (.npz).
    The picture then shows the lengths and angles of the gradients over the steps.

    \b
    Examples:
      valp draw graph.json -o graph.svg
      valp draw runs/first/candidates/3/candidate.json -o graph.png
      valp draw first-3.npz -o steps.png
      valp draw first-3.npz --conflicts -o conflicts.svg
    """
    if graph.suffix.lower() == TRACES:
        _draw_trace(graph, output, conflicts)
    elif conflicts:
        raise SettingError(f"--conflicts draws a trace ({TRACES}), but the file is {graph.name!r}")
    else:
        from valp.draw.draw import draw

        draw(read_candidate_or_graph(graph).graph, output, title=graph.stem)
    if as_json:
        print_json({"picture": str(output)})
    else:
        click.echo(str(output))


def _draw_trace(path: Path, output: Path, conflicts: bool) -> None:
    from valp.trace.conflict_picture import draw_conflicts
    from valp.trace.trace_figure import draw_trace
    from valp.trace.trace_file import load_trace

    trace = load_trace(path)
    title = f"{path.stem}: losses balanced by {trace.balance}"
    if conflicts:
        draw_conflicts(trace, output, title=title)
    else:
        draw_trace(trace, output, title=title)


@click.command("check")
@GRAPH
@JSON
@click.pass_context
def check_command(context: click.Context, graph: Path, as_json: bool) -> None:
    """Check GRAPH.json and name every rule that it breaks.

    The file may contain a graph or a candidate. The exit code is 1 if it breaks a rule.

    \b
    Examples:
      valp check graph.json
      valp check runs/first/candidates/3/candidate.json --json
    """
    from valp.check.check import check

    report = check(read_candidate_or_graph(graph).graph)
    if as_json:
        listed = {name: [vars(v) for v in getattr(report, name)] for name in ("violations", "notes")}
        print_json({"passed": report.passed, **listed})
    else:
        for violation in report.violations:
            click.echo(f"{graph}: {violation}", err=True)
        for note in report.notes:
            click.echo(f"{graph}: note: {note}")
        if report.passed:
            click.echo(f"{graph}: a valid VALP")
    context.exit(0 if report.passed else 1)
