"""Before the plug-ins write the pages of the commands and of the Python names.

What `--help` prints as it stands becomes blocks of code, and the rooms get a folder in which they lie as they are
imported.
"""

import re
from inspect import cleandoc
from pathlib import Path
from typing import Any

from valp.search.cli import cli

VERBATIM = re.compile(r"^\x08\n(?:(\w[^\n]*:)\n)?(.*?)(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)
"""A paragraph that click does not wrap: behind a backspace, often with a line of its own above the rest."""


def on_startup(**_: Any) -> None:
    """See mkdocs."""
    _link_rooms()
    for command in (cli, *cli.commands.values()):
        command.help = VERBATIM.sub(_block, cleandoc(command.help or ""))


def _link_rooms() -> None:
    """Links the rooms under build/api: mkdocstrings reads files, and does not follow an editable install."""
    root = Path(__file__).parents[1]
    package = root / "build" / "api" / "valp"
    package.mkdir(parents=True, exist_ok=True)
    for link in package.iterdir():
        link.unlink()
    for part in (*(root / "valp").iterdir(), root / "spaces", root / "search"):
        if part.name != "__pycache__":
            (package / part.name).symlink_to(part)


def _block(found: re.Match[str]) -> str:
    title, lines = found.groups()
    block = "\n".join(line.removeprefix("  ") for line in lines.splitlines())
    return f"{title or ''}\n\n```text\n{block}\n```"
