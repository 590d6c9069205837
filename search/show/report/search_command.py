"""The command that repeats a run."""

import shlex

from valp.search.run.command_words import nearest_path
from valp.search.run.folder import CANDIDATE
from valp.search.run.run import StoredRun
from valp.spaces.builtin.problems import PROBLEMS
from valp.spaces.generate.space import space_of

EARLIER = "  # not the same: the run was begun by an earlier version, which drew other priors and conditions"


def command(run: StoredRun, candidates: int) -> str:
    """What repeats a run under another name, with every setting that decides its result.

    It is a `valp search` command, or a call of `valp.launch` if the command line does not know the problem, because it
    was made in Python. A comment says if the present version would search another space.

    Args:
        run: the run.
        candidates: the number of its candidates.
    """
    held = run.settings
    priors = space_of(held.space, held.kinds, held.balance).priors
    note = EARLIER if held.priors != priors or held.conditions is None else ""
    known = held.source is not None or held.problem in PROBLEMS
    return (_command_line(run, candidates) if known else _call(run, candidates)) + note


def _command_line(run: StoredRun, candidates: int) -> str:
    held = run.settings
    words = ["valp", "search", nearest_path(held.source) if held.source else held.problem]
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
    words += ["--seed", str(held.seed), "--baselines", held.baselines]
    for name, value in _unusual(run).items():
        words += [f"--{name}", value]
    words += ["--halving"] if held.halving else []
    return shlex.join(words)


def _call(run: StoredRun, candidates: int) -> str:
    """The call in Python. Start graphs are not in it: only the program that made them has them as graphs."""
    held = run.settings
    given = {
        "name": f"{run.folder.name}-again",
        "strategy": held.strategy,
        "space": held.space,
        "kinds": held.kinds,
        "balance": held.balance,
        "objectives": held.objectives,
        "candidates": candidates,
        "steps": held.steps,
        "batch": held.batch,
        "seed": held.seed,
        "baselines": held.baselines,
        **_unusual(run),
        "halving": held.halving,
    }
    words = [
        f"{name}={list(value) if isinstance(value, tuple) else value!r}" for name, value in given.items() if value != ()
    ]
    start = ["start_from=[...]"] if held.start_from else []
    return f"valp.launch({', '.join(['problem', *words, *start])})"


def _unusual(run: StoredRun) -> dict[str, str]:
    """The settings that are not at their defaults."""
    defaults = {"protocol": "predict", "keep": "front", "executor": "auto"}
    held = {name: str(getattr(run.settings, name)) for name in defaults}
    return {name: value for name, value in held.items() if value != defaults[name]}
