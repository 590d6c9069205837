"""Words of the commands that are shown for a run. They can be pasted into a shell."""

import os
import shlex
from pathlib import Path

RUNS = Path("runs")
"""The default folder of the runs."""


def runs_option(runs: Path) -> str:
    """The option that names the folder of the runs, with a space before it; empty where it is the default."""
    usual = runs == RUNS and "VALP_RUNS" not in os.environ
    return "" if usual else f" --runs {shlex.quote(str(runs))}"


def nearest_path(source: str) -> str:
    """A path, relative to the working directory if it is inside it. It is not quoted."""
    path, here = Path(source), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
