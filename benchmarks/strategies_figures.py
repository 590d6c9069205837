"""The file of raw figures: what the benchmark measured, by problem, space and settings, and how it is read again."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.paper_trainings import rounded
from benchmarks.strategies_contenders import Contender
from benchmarks.strategies_goals import GOALS, SPLITS, Goal, ahead, confirmed, first
from benchmarks.strategies_measures import Beside, Ended, Search, TrainedOn, growth
from benchmarks.strategies_page import Comparison
from benchmarks.strategies_rivals import Single
from benchmarks.strategies_searches import Setup
from valp.errors import SettingError
from valp.files import write_text
from valp.search.run.result import Measured
from valp.search.run.settings import definitions_of

DEPTH = 5
"""The levels of the file that have one line per value: a candidate and a single-task model have one line each."""


def part_of(setup: Setup) -> str:
    """The name of a comparison in files."""
    return f"{setup.problem.name}-{setup.space}-{setup.steps}x{setup.batch}"


def settings_of(setup: Setup) -> dict[str, Any]:
    """What searches must have in common to be compared."""
    objectives = list(setup.objectives)
    return {
        "problem": setup.problem.name,
        "fingerprint": setup.problem.fingerprint,
        "space": setup.space,
        "steps": setup.steps,
        "batch": setup.batch,
        "objectives": objectives,
        "definitions": list(definitions_of(objectives)),
    }


def write(path: Path, setup: Setup, comparison: Comparison) -> None:
    """Writes the searches of a comparison into its part of a file. Other searches of the same settings stay there."""
    whole = json.loads(path.read_text()) if path.is_file() else {}
    part, settings = part_of(setup), settings_of(setup)
    held = whole.get(part, {})
    kept = held["searches"] if held.get("settings") == settings else {}
    new = {search.key: figures(search, comparison) for search in comparison.searches}
    whole[part] = {"settings": settings, "searches": kept | new}
    write_text(path, laid_out(rounded(whole), depth=DEPTH) + "\n")


def figures(search: Search, comparison: Comparison) -> dict[str, Any]:
    """The raw figures of a search."""
    grid = range(0, search.budget + 1, search.unit)
    reached = {goal.code: _reached(search, goal, comparison) for goal in GOALS} if search.singles else {}
    return {
        "hypervolume after each training": growth(search, comparison.objectives, comparison.scales, grid),
        "goals": reached,
        **{name: value for name, value in asdict(search).items() if name not in ("ended", "singles")},
        "singles": [asdict(one) for one in search.singles],
        "ended": [asdict(one) for one in search.ended],
    }


def _reached(search: Search, goal: Goal, comparison: Comparison) -> dict[str, Any]:
    """The first candidate that reaches a goal on the validation split and on both, and the samples seen until then."""
    found = (first(search, goal, comparison.objectives), confirmed(search, goal, comparison.objectives))
    told = [one and {"candidate": one.number, "seen": one.seen} for one in found]
    alone = found[0]
    too = alone and ahead(goal, search, alone, comparison.objectives, SPLITS[1])
    return {"validation": told[0], "the same on test": too, "both": told[1]}


def published(path: Path, setup: Setup, text: str, trainings: int, seeds: list[int]) -> list[Search]:
    """Reads a strategy's searches from a file of raw figures.

    These are the searches with the requested seeds, or those with other seeds if there are none.

    Args:
        path: the file.
        setup: the settings that the searches must have.
        text: the code of the strategy, and optionally `@` and its budget in trainings.
        trainings: the budget otherwise.
        seeds: the requested seeds.

    Raises:
        SettingError: if the file has no searches of the strategy with these settings.
    """
    wanted = Contender.parse(text, trainings)
    code, budget = wanted.code, wanted.trainings * setup.unit
    whole = json.loads(path.read_text()) if path.is_file() else {}
    part = whole.get(part_of(setup), {})
    rows = [
        one
        for one in part.get("searches", {}).values()
        if part["settings"] == settings_of(setup) and one["strategy"] == code and one["budget"] == budget
    ]
    if not rows:
        raise SettingError(
            f"{path.name} has no searches of {code} with {wanted.trainings} trainings of {setup.steps} × "
            f"{setup.batch} samples, {setup.space} space, and the present data and scores of {setup.problem.name}"
        )
    return [_search(one) for one in [one for one in rows if one["seed"] in seeds] or rows]


def _search(row: dict[str, Any]) -> Search:
    on = row["trained_on"]
    return Search(
        strategy=row["strategy"],
        seed=row["seed"],
        budget=row["budget"],
        unit=row["unit"],
        ended=[Ended(**_with_measured(one)) for one in row["ended"]],
        singles=tuple(Single(**_with_measured(one)) for one in row["singles"]),
        compromise=row["compromise"],
        beside={name: Beside(**one) for name, one in row["beside"].items()},
        trained_on=on
        and TrainedOn(
            on["steps"],
            Measured(**on["candidate"]),
            {output: Measured(**one) for output, one in on["networks"].items()},
        ),
    )


def _with_measured(row: dict[str, Any]) -> dict[str, Any]:
    return row | {split: None if row[split] is None else Measured(**row[split]) for split in SPLITS}


def laid_out(value: Any, depth: int) -> str:
    """JSON with one line per value, down to a depth."""
    if depth == 0 or not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{json.dumps(k)}: {laid_out(v, depth - 1)}" for k, v in value.items()) + "\n}"
    if not isinstance(value[0], list | dict):
        return json.dumps(value)
    return "[\n" + ",\n".join(laid_out(one, 0) for one in value) + "\n]"
