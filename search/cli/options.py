"""Options that several commands share, and functions that print results."""

import json
from pathlib import Path
from typing import Any, Literal

import click
from rich import box
from rich.console import Console
from rich.table import Table

from valp.search.cli.table_widths import narrow_widths, table_width

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
    help="The executor that trains: auto uses the native one, several times faster than torch, where it can.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout.")


def print_json(value: Any) -> None:
    """Prints a JSON document on stdout."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=False))


def print_line(text: str) -> None:
    """Prints a line on stdout. A terminal that is too narrow wraps it between words."""
    console = Console(highlight=False, markup=False)
    console.print(text, soft_wrap=not console.is_terminal)


def print_table(title: str, columns: list[str], rows: list[list[str]], *, left: int = 1, narrow: bool = False) -> None:
    """Prints a table on stdout. If stdout is not a terminal, nothing is cut.

    Args:
        title: the line above the table.
        columns: the headers; a header may have several lines.
        rows: the cells.
        left: the number of left-aligned columns, which wrap if there is too little room. The others are right-aligned.
        narrow: whether to leave out borders and wrap headers. Numbers never wrap.
    """
    table = Table(title=title, title_justify="left", title_style="bold", header_style="")
    if narrow:
        table.box, table.pad_edge, table.show_edge, table.padding = box.SIMPLE_HEAD, False, False, (0, 1, 0, 0)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=max(console.width, table_width(columns, rows), len(title)))
    widths = narrow_widths(columns, rows, left, console.width) if narrow else [None] * len(columns)
    for i, (column, width) in enumerate(zip(columns, widths, strict=True)):
        justify: Literal["left", "right"] = "left" if i < left else "right"
        table.add_column(column, justify=justify, no_wrap=i >= left and not narrow, overflow="fold", width=width)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def terminal_width() -> int | None:
    """The width of the terminal on stdout, in characters; None if stdout is not a terminal."""
    console = Console()
    return console.width if console.is_terminal else None
