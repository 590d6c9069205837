"""Runs the compared searches: strategies and their variants, each until it has seen its budget of samples."""

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
"""Files in a run's folder: the wall seconds before each candidate's end, and the scores on the test split."""

SAMPLES = OBJECTIVES[-1]

LATEST = 10
"""The number of last candidates whose mean samples seen are the estimate for the next ones."""


@dataclass(frozen=True)
class Contender:
    """A strategy, and the number of samples that its searches may see.

    Attributes:
        code: the code of the strategy, with `:` before each variant: `evolution:no-inherit:halving`.
        trainings: the number of samples, in full trainings.
        strategy: the strategy, which proposes candidates.
        halving: whether candidates are stopped early by successive halving.
    """

    code: str
    trainings: int
    strategy: Strategy
    halving: bool = False

    @classmethod
    def parse(cls, text: str, trainings: int) -> "Contender":
        """Parses `CODE[:VARIANT...][@TRAININGS]`.

        A variant is `halving`, or `SETTING=VALUE` or `no-SETTING` with a setting of `Breeding`.

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
                raise SettingError(f"{base!r} must be an evolution to have variants other than halving, but is not")
            breeding = replace(strategy.breeding, **dict(map(_changed, variants)))
            strategy = Evolution(code, f"{strategy.title}; {', '.join(variants)}", breeding)
        if own and not (own.isdigit() and int(own) > 0):
            raise SettingError(f"trainings must be a positive integer, but are {own!r}")
        return cls(code, int(own) if own else trainings, strategy, halving)

    @property
    def longest(self) -> int:
        """The most full trainings that a candidate's lineage can have."""
        inherits = isinstance(self.strategy, Evolution) and self.strategy.breeding.inherit
        return self.trainings if inherits else 1

    @property
    def candidates(self) -> int:
        """The expected number of candidates for these samples, if none is stopped or fails."""
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


@dataclass
class LedgerReader:
    """Reads a search's ledger. What depends only on a candidate is computed once."""

    output: str
    known: dict[int, tuple[str, bool, int]] = field(default_factory=dict)

    def ended(self, ledger: Ledger, seconds: dict[str, float], test: dict[str, Any]) -> list[Ended]:
        """The candidates in the order in which they finished."""
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
    """Adds the contender to the table of strategies. It also keeps the weights of the wanted candidates."""
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
    """Runs a contender's search with one seed, and scores its front and other reported candidates on the test split.

    The search is launched with the expected number of candidates for its samples, so that a strategy with phases goes
    through each of them once. If candidates are stopped early or fail, it gets more until it has seen the samples.
    Candidates beyond the budget do not count.
    """
    code = contender.code.replace(":", "-")
    name = f"benchmark-strategies-{problem.name}-{space}-{code}-{steps}-{seed}"
    reader, unit = LedgerReader(str(problem.metrics[SAMPLES].output)), steps * batch
    budget, candidates, before = contender.trainings * unit, contender.candidates, -1
    clock = Clock(runs / name / CLOCK)

    def wanted(ledger: Ledger) -> set[int]:
        return notable(reader.ended(ledger, {}, {}), rivals)

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
        ended = reader.ended(run.ledger, clock.seconds, {})
        seen = ended[-1].seen if ended else 0
        if seen >= budget or seen == before:  # if all new candidates fail at once, this would never end
            break
        each = max(1, mean([one.samples for one in ended[-LATEST:]] or [unit]))
        before, candidates = seen, len(ended) + max(1, int((budget - seen) / each))
    within = [one for one in ended if one.seen <= budget]
    test = tested(run, {one.number for one in front(within)} | notable(within, rivals), scorer)
    ended = [one for one in reader.ended(run.ledger, clock.seconds, test) if one.seen <= budget]
    return Search(contender.code, seed, budget, ended)


def tested(run: StoredRun, numbers: set[int], scorer: Scorer) -> dict[str, Any]:
    """The test scores, by number, of candidates whose weights exist, and of candidates scored before."""
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
    """The JSON object in a file; empty if there is no file."""
    return json.loads(file.read_text()) if file.is_file() else {}
