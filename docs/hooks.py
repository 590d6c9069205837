"""Before mkdocs-click writes the page of the commands: what `--help` prints as it stands becomes blocks of code."""

import re
from inspect import cleandoc
from typing import Any

from valp.search.cli import cli

VERBATIM = re.compile(r"^\x08\n(?:(\w[^\n]*:)\n)?(.*?)(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)
"""A paragraph that click does not wrap: behind a backspace, often with a line of its own above the rest."""


def on_startup(**_: Any) -> None:
    """See mkdocs."""
    for command in (cli, *cli.commands.values()):
        command.help = VERBATIM.sub(_block, cleandoc(command.help or ""))


def _block(found: re.Match[str]) -> str:
    title, lines = found.groups()
    block = "\n".join(line.removeprefix("  ") for line in lines.splitlines())
    return f"{title or ''}\n\n```text\n{block}\n```"
