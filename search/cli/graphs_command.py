"""`valp graphs`."""

from pathlib import Path

import click

from valp.errors import SettingError
from valp.search.cli.options import JSON, print_json, print_table


@click.command("graphs")
@click.argument("name", required=False)
@click.option("--problem", help="The problem of the graph: a built-in one or a .toml file.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The graph's file.  [default: stdout]")
@JSON
def graphs_command(name: str | None, problem: str | None, output: Path | None, as_json: bool) -> None:
    """List the graphs made by hand, or write one of them for a problem.

    With NAME, the graph is written as JSON with the problem's inputs and outputs.

    \b
    Examples:
      valp graphs
      valp graphs vae --problem fashion-mnist -o vae.json
      valp train vae.json --problem fashion-mnist --steps 8000 -o vae.valp
      valp draw vae.json -o vae.svg
    """
    from valp.files import write_text
    from valp.spaces.catalogue import CATALOGUE, catalogue_entry
    from valp.spaces.own.load_problem import load_problem

    if name is None:
        if problem is not None or output is not None:
            raise SettingError("--problem and -o need the NAME of a graph; valp graphs lists them")
        _list({code: {"title": entry.title, "source": entry.source} for code, entry in CATALOGUE.items()}, as_json)
        return
    entry = catalogue_entry(name)
    if problem is None:
        raise SettingError(f"--problem must be given, because {name} gets the inputs and outputs of a problem")
    data = load_problem(problem, lambda line: click.echo(line, err=True))
    document = entry.build(data).model_dump_json(indent=1)
    if output is None:
        click.echo(document)
        return
    write_text(output, f"{document}\n")
    if as_json:
        print_json({"graph": str(output)})
    else:
        click.echo(str(output))


def _list(entries: dict[str, dict[str, str]], as_json: bool) -> None:
    if as_json:
        print_json([{"name": name, **about} for name, about in entries.items()])
    else:
        rows = [[name, *about.values()] for name, about in entries.items()]
        print_table("Graphs made by hand", ["name", "what", "source"], rows, left=3)
