"""The command that repeats a run."""

import shlex
from pathlib import Path

from valp.search.run.folder import CANDIDATE
from valp.search.run.run import StoredRun


def command(run: StoredRun, candidates: int) -> str:
    """The `valp search` command that repeats a run under another name, with every setting that decides its result.

    Args:
        run: the run.
        candidates: the number of its candidates.
    """
    held = run.settings
    words = ["valp", "search", _source(held.source) if held.source else held.problem]
    words += ["--name", f"{run.folder.name}-again", "--strategy", held.strategy, "--space", held.space]
    if held.kinds:
        words += ["--kinds", ",".join(held.kinds)]
    for method in held.balance:
        words += ["--balance", method]
    for number in range(len(held.start_from)):
        words += ["--start-from", str(run.folder.candidate(number) / CANDIDATE)]
    for objective in held.objectives:
        words += ["--objective", objective]
    words += ["--candidates", str(candidates), "--steps", str(held.steps), "--batch", str(held.batch)]
    words += ["--seed", str(held.seed)]
    defaults = {"protocol": "predict", "keep": "front", "executor": "auto"}
    for name, usual in defaults.items():
        if getattr(held, name) != usual:
            words += [f"--{name}", getattr(held, name)]
    words += ["--halving"] if held.halving else []
    return shlex.join(words)


def _source(source: str) -> str:
    """A path, relative to the working directory if it is inside it."""
    path, here = Path(source), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
