"""Runs the compared searches, each until it has seen its budget of samples, and measures what was found."""

import argparse
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.strategies_contenders import Contender, proposing
from benchmarks.strategies_goals import GOALS, reaching
from benchmarks.strategies_longer import train_longer, trained_on
from benchmarks.strategies_measures import Ended, Objectives, Search, front
from benchmarks.strategies_tested import beside_of, on_test, read_json, singles_of, tested
from valp.files import write_text
from valp.search.facade.launch import launch
from valp.search.run.ledger import Ledger
from valp.search.run.ledger_entry import by_end
from valp.search.run.result import Measured, Result
from valp.search.run.run import StoredRun
from valp.search.show.display import LineDisplay, Status
from valp.spaces.generate.space import space_of
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer

CLOCK = "benchmark-clock.json"
"""A file in a run's folder: the wall seconds before each candidate's end."""

LATEST = 10
"""The number of last candidates whose mean samples seen are the estimate for the next ones."""


@dataclass(frozen=True)
class Setup:
    """What all searches of a comparison share.

    Attributes:
        problem: the problem.
        scorer: its scorer, with the default objectives of the problem in this space.
        space, steps, batch, workers, runs, source: as of `valp.launch`.
        longer: the steps for which the best compromise is trained on; 0 for none.
    """

    problem: Problem
    scorer: Scorer
    space: str
    steps: int
    batch: int
    workers: int
    runs: Path
    source: str | None = None
    longer: int = 0

    @classmethod
    def of(cls, problem: Problem, space: str, asked: argparse.Namespace, **more: Any) -> "Setup":
        """The default objectives of a problem in a space, and `steps`, `batch`, `workers` and `runs` as asked for."""
        objectives = problem.objectives_with(space_of(space, (), ()).samples_score)
        scorer = Scorer(problem, judges_of(problem, print), objectives=objectives)
        return cls(problem, scorer, space, asked.steps, asked.batch, asked.workers, asked.runs, **more)

    @property
    def unit(self) -> int:
        """The number of samples of a full training. A batch has at most as many as there are training rows."""
        return self.steps * min(self.batch, len(self.problem.train))

    @property
    def objectives(self) -> Objectives:
        """The scores that the searches optimise."""
        return {name: self.problem.metrics[name] for name in self.scorer.objectives}

    def name(self, contender: Contender, seed: int, *, baselines: bool) -> str:
        """The name of a run."""
        settings = f"{contender.trainings}x{self.steps}x{self.batch}"
        parts = (self.problem.name, self.space, re.sub(r"[^\w.-]+", "-", contender.code), settings, str(seed))
        return "-".join(("strategies", *parts, *(("tuned",) if baselines else ())))


@dataclass
class Clock(LineDisplay):
    """The wall seconds of a search, without the start of its workers. They add up over sessions."""

    file: Path
    seconds: dict[str, float] = field(default_factory=dict)
    since: float | None = None

    def __post_init__(self) -> None:
        self.seconds = read_json(self.file)

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """See `valp.search.show.display.Display`."""
        super().show(status, ended)
        if ended is not None:
            now, (number, result) = time.perf_counter(), ended
            self.seconds[str(number)] = sum(result.seconds) if self.since is None else now - self.since
            self.since = now
            write_text(self.file, json.dumps(self.seconds))


def ended_of(ledger: Ledger, objectives: Objectives, seconds: Mapping[str, float]) -> list[Ended]:
    """The finished candidates of a search, in the order in which they finished.

    Args:
        ledger: the ledger of the search.
        objectives: the scores whose standard errors are read.
        seconds: the wall seconds before each candidate's end, by number.
    """
    rows, seen, wall = list[Ended](), 0, 0.0
    for entry in by_end(ledger.entries()):
        result = entry.result
        if result is None:
            continue
        seen, wall = seen + result.samples_seen, wall + seconds.get(str(entry.number), 0.0)
        errors = {name: result.errors[name] for name in objectives if name in result.errors}
        rows.append(
            Ended(
                number=entry.number,
                state=entry.state,
                samples=result.samples_seen,
                seen=seen,
                lineage=entry.samples_seen_with_parents,
                seconds=sum(result.seconds),
                wall=wall,
                structure=entry.structure[:12],
                validation=Measured(result.scores, errors),
            )
        )
    return rows


def notable(search: Search, objectives: Objectives) -> set[int]:
    """The candidates that reach a goal on the validation split."""
    return {one.number for goal in GOALS for one in reaching(search, goal, objectives)}


def searched(setup: Setup, contender: Contender, seed: int, *, baselines: bool) -> Search:
    """Runs a contender's search with one seed, and measures what is compared.

    The search is launched with the expected number of candidates for its samples, so that a strategy with phases goes
    through each of them once. If candidates are stopped early or fail, it gets more until it has seen the samples.
    Candidates beyond the budget do not count, and neither do the samples of the baselines.

    Args:
        setup: what all searches share.
        contender: the strategy and its budget.
        seed: the seed of the search.
        baselines: whether it has tuned baselines; otherwise it has none.
    """
    name, objectives = setup.name(contender, seed, baselines=baselines), setup.objectives
    budget, candidates, before = contender.trainings * setup.unit, contender.candidates, -1
    clock = Clock(setup.runs / name / CLOCK)

    def so_far(ledger: Ledger) -> Search:
        within = [one for one in ended_of(ledger, objectives, clock.seconds) if one.seen <= budget]
        return Search(contender.code, seed, budget, setup.unit, within, singles_of(ledger))

    def wanted(ledger: Ledger) -> set[int]:
        search = so_far(ledger)
        return notable(search, objectives) | {one.number for one in front(search.ended, objectives)}

    while True:
        clock.since = None
        with proposing(contender, wanted):
            run = launch(
                setup.problem,
                name=name,
                runs=setup.runs,
                strategy=contender.code,
                space=setup.space,
                objectives=[*objectives],
                candidates=candidates,
                steps=setup.steps,
                batch=setup.batch,
                workers=setup.workers,
                seed=seed,
                halving=contender.halving,
                balance=contender.balance,
                baselines="tuned" if baselines else "none",
                source=setup.source,
                display=clock,
            ).stored
        ended = ended_of(run.ledger, objectives, clock.seconds)
        seen = ended[-1].seen if ended else 0
        if seen >= budget or seen == before:  # if all new candidates fail at once, this would never end
            break
        each = max(1, mean([one.samples for one in ended[-LATEST:]] or [setup.unit]))
        before, candidates = seen, len(ended) + max(1, int((budget - seen) / each))
    return measured(setup, run, so_far(run.ledger))


def measured(setup: Setup, run: StoredRun, search: Search) -> Search:
    """Adds the longer baselines, the best compromise and the test scores to a finished search."""
    objectives, scorer = setup.objectives, setup.scorer
    if search.singles:
        lineages = {one.number: one.lineage for one in search.ended}
        best = notable(search, objectives) | {one.number for one in front(search.ended, objectives)}
        longest = max((lineages[number] for number in best), default=0)
        train_longer(run, scorer, setup.unit, longest, setup.workers)
        search = replace(search, singles=singles_of(run.ledger))
    numbers = {one.number for one in search.ended}
    knee = run.ledger.front(entry for entry in run.ledger.entries() if entry.number in numbers)[:1]
    reached = notable(search, objectives)
    test = tested(run, reached | {entry.number for entry in knee}, scorer)
    rivals = (
        goal.rival(search, one, metric)
        for goal in GOALS
        for one in search.ended
        if one.number in reached
        for metric in objectives.values()
    )
    singles = on_test(run, search.singles, {(one.output, one.code) for one in rivals if one is not None}, scorer)
    return replace(
        search,
        ended=[replace(one, test=test.get(one.number)) for one in search.ended],
        singles=singles,
        compromise=knee[0].number if knee else None,
        beside=beside_of(run, scorer),
        trained_on=(
            trained_on(run, knee[0], setup.longer, setup.batch, scorer, setup.workers)
            if knee and setup.longer
            else None
        ),
    )
