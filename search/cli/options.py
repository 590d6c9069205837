"""Options that several commands share, and how results are printed."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

RUNS = click.option(
    "--runs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    envvar="VALP_RUNS",
    show_default=True,
    show_envvar=True,
    help="The folder of the runs.",
)
EXECUTOR = click.option(
    "--executor",
    type=click.Choice(["auto", "torch"]),
    default="auto",
    show_default=True,
    help="What trains: auto is the native executor where it can, several times faster, and else torch.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout.")


def print_json(value: Any) -> None:
    """Prints a JSON document on stdout."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=False))


def print_table(title: str, columns: list[str], rows: list[list[str]], *, left: int = 1) -> None:
    """Prints a table on stdout; its first `left` columns are aligned to the left. Off a terminal it is never cut."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i < left else "right", no_wrap=i >= left)
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=max(console.width, _width(columns, rows), len(title)))
    console.print(table)


def fits(columns: list[str], rows: list[list[str]]) -> bool:
    """Whether a table can be printed without cutting anything: always, off a terminal."""
    console = Console()
    return not console.is_terminal or _width(columns, rows) <= console.width


def _width(columns: list[str], rows: list[list[str]]) -> int:
    """The letters a line of a table takes, its borders included."""
    widths = [max(len(row[i]) for row in (columns, *rows)) for i in range(len(columns))]
    return sum(width + 3 for width in widths) + 1
