"""The searches that are compared: strategies and variants of them, run until they have seen as many samples."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.strategies_measures import OBJECTIVES, Ended, Rivals, Search, front, notable
from valp.compile.compile import lower
from valp.errors import FileError, SettingError
from valp.files import write_text
from valp.search.engine.models import model_of
from valp.search.facade.launch import launch
from valp.search.run.ledger import Entry, Ledger, by_end
from valp.search.run.result import Result
from valp.search.run.run import StoredRun
from valp.search.show.display import LineDisplay, Status
from valp.search.strategies import STRATEGIES, Strategy
from valp.search.strategies.breeding import Breeding
from valp.search.strategies.evolution import Evolution
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer

CLOCK, TESTED = "benchmark-clock.json", "benchmark-test.json"
"""In a run's folder: wall seconds that passed before each candidate's end, and scores on the test split."""

SAMPLES = OBJECTIVES[-1]

LATEST = 10
"""What these have seen on average, the next ones should see too."""


@dataclass(frozen=True)
class Contender:
    """A strategy, and how many full trainings' worth of samples its searches may see.

    Attributes:
        code: of a strategy, with `:` before each variant: `evolution:no-inherit:halving`.
        trainings: the samples, in full trainings.
        strategy: what proposes.
        halving: whether it stops candidates early.
    """

    code: str
    trainings: int
    strategy: Strategy
    halving: bool = False

    @classmethod
    def parse(cls, text: str, trainings: int) -> "Contender":
        """`CODE[:VARIANT...][@TRAININGS]`: `halving`, and `SETTING=VALUE` and `no-SETTING` of a breeding.

        Raises:
            SettingError: if there is no such strategy or setting.
        """
        code, _, own = text.partition("@")
        base, *variants = code.split(":")
        if base not in STRATEGIES:
            raise SettingError(f"strategy must be one of {', '.join(STRATEGIES)}, but is {base!r}")
        strategy = STRATEGIES[base]
        halving = "halving" in variants
        variants = [variant for variant in variants if variant != "halving"]
        if variants:
            if not isinstance(strategy, Evolution):
                raise SettingError(f"{base!r} has no variant but halving, for it is no evolution")
            breeding = replace(strategy.breeding, **dict(map(_changed, variants)))
            strategy = Evolution(code, f"{strategy.title}; {', '.join(variants)}", breeding)
        if own and not (own.isdigit() and int(own) > 0):
            raise SettingError(f"trainings must be a positive number, but are {own!r}")
        return cls(code, int(own) if own else trainings, strategy, halving)

    @property
    def longest(self) -> int:
        """The most full trainings that a candidate's lineage can have."""
        inherits = isinstance(self.strategy, Evolution) and self.strategy.breeding.inherit
        return self.trainings if inherits else 1

    @property
    def candidates(self) -> int:
        """How many candidates should see these samples, where none is stopped or fails."""
        if isinstance(self.strategy, Evolution):
            return self.strategy.breeding.candidates_within(self.trainings)
        return self.trainings


def _changed(variant: str) -> tuple[str, Any]:
    name, given, value = variant.partition("=")
    if not given:
        name, value = name.removeprefix("no-"), "false" if name.startswith("no-") else "true"
    known = [one.name for one in fields(Breeding)]
    if name not in known:
        raise SettingError(f"a breeding's settings are {', '.join(known)}, not {name!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError as error:
        raise SettingError(f"{name} must be a number, true or false, but is {value!r}") from error


@dataclass
class Clock(LineDisplay):
    """Wall seconds of a search, without those in which workers start; they add up over sessions."""

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


@dataclass
class Chronicle:
    """Reads a search's ledger; what follows from a candidate alone is found once."""

    output: str
    known: dict[int, tuple[str, bool, int]] = field(default_factory=dict)

    def ended(self, ledger: Ledger, seconds: dict[str, float], test: dict[str, Any]) -> list[Ended]:
        """The candidates in the order of their ends."""
        done = [(entry, entry.result) for entry in by_end(ledger.entries()) if entry.result is not None]
        rows, seen, wall = list[Ended](), 0, 0.0
        for entry, result in done:
            number = entry.number
            structure, conditioned, lineage = self._of(entry)
            seen, wall = seen + result.samples_seen, wall + seconds.get(str(number), 0.0)
            rows.append(
                Ended(
                    number=number,
                    state=entry.state,
                    samples=result.samples_seen,
                    seen=seen,
                    lineage=lineage + result.samples_seen,
                    seconds=sum(result.seconds),
                    wall=wall,
                    scores=result.scores,
                    structure=structure,
                    conditioned=conditioned,
                    test=test.get(str(number)),
                )
            )
        return rows

    def _of(self, entry: Entry) -> tuple[str, bool, int]:
        if entry.number not in self.known:
            candidate = entry.candidate
            conditioned = bool(lower(candidate.graph).inputs_of(self.output, "generate"))
            self.known[entry.number] = entry.structure, conditioned, candidate.lineage_samples
        return self.known[entry.number]


@contextmanager
def proposing(contender: Contender, wanted: Callable[[Ledger], set[int]]) -> Iterator[None]:
    """Makes the contender a strategy of the table, which also keeps the weights of the candidates that are wanted."""
    strategy = copy(contender.strategy)
    strategy.code = contender.code  # type: ignore[misc] # of this copy alone
    strategy.keeps = lambda ledger: contender.strategy.keeps(ledger) | wanted(ledger)  # type: ignore[method-assign] # of any class
    with STRATEGIES.adding(strategy):
        yield


def searched(
    problem: Problem,
    contender: Contender,
    scorer: Scorer,
    rivals: Rivals,
    *,
    space: str,
    steps: int,
    batch: int,
    seed: int,
    workers: int,
    runs: Path,
) -> Search:
    """A contender's search with one seed, with the test scores of its front and of what else is reported.

    It is launched for as many candidates as should see its samples, so that a strategy that has phases has each of them
    once. Where candidates are stopped early or fail it gets more, until it has seen them. What ends beyond does not
    count.
    """
    code = contender.code.replace(":", "-")
    name = f"benchmark-strategies-{problem.name}-{space}-{code}-{steps}-{seed}"
    chronicle, unit = Chronicle(str(problem.metrics[SAMPLES].output)), steps * batch
    budget, candidates, before = contender.trainings * unit, contender.candidates, -1
    clock = Clock(runs / name / CLOCK)

    def wanted(ledger: Ledger) -> set[int]:
        return notable(chronicle.ended(ledger, {}, {}), rivals)

    while True:
        clock.since = None
        with proposing(contender, wanted):
            run = launch(
                problem,
                name=name,
                runs=runs,
                strategy=contender.code,
                space=space,
                objectives=OBJECTIVES,
                candidates=candidates,
                steps=steps,
                batch=batch,
                workers=workers,
                seed=seed,
                halving=contender.halving,
                display=clock,
            ).stored
        ended = chronicle.ended(run.ledger, clock.seconds, {})
        seen = ended[-1].seen if ended else 0
        if seen >= budget or seen == before:  # candidates that fail at once would go on for ever
            break
        each = max(1, mean([one.samples for one in ended[-LATEST:]] or [unit]))
        before, candidates = seen, len(ended) + max(1, int((budget - seen) / each))
    within = [one for one in ended if one.seen <= budget]
    test = tested(run, {one.number for one in front(within)} | notable(within, rivals), scorer)
    ended = [one for one in chronicle.ended(run.ledger, clock.seconds, test) if one.seen <= budget]
    return Search(contender.code, seed, budget, ended)


def tested(run: StoredRun, numbers: set[int], scorer: Scorer) -> dict[str, Any]:
    """By number, the scores on the test split of candidates whose weights are there, and of those scored before."""
    file = run.folder.path / TESTED
    found = read_json(file)
    for number in sorted(numbers):
        if str(number) not in found:
            try:
                module = model_of(run, run.ledger.entry(number)).module
            except FileError:
                continue
            found[str(number)] = scorer.score(module, scorer.problem.test)
            write_text(file, json.dumps(found))
    return found


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object in a file; empty if there is none."""
    return json.loads(file.read_text()) if file.is_file() else {}
