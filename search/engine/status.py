"""Where a search stands."""

import time
from dataclasses import dataclass, field

from valp.search.run.result import Result
from valp.spaces.problem.metrics import Metric


@dataclass(frozen=True)
class Work:
    """What a worker trains.

    Attributes:
        title: the candidate or single-task model.
        parents: the candidates whose weights it began with.
        since: when it began.
    """

    title: str
    parents: tuple[int, ...]
    since: float


@dataclass
class Status:
    """Where a search stands.

    Attributes:
        run: its name.
        objectives: what is optimised, by name.
        total: the candidates wanted.
        workers: how many are trained at once.
        complete, pruned, failed: how many candidates are.
        samples_seen: the examples that all of them were trained on.
        work: what is trained now, the one that began first first.
        front: the candidates of the Pareto front.
        results: of the candidates that are complete.
        best: by objective, the best value so far and the candidate that has it.
        baselines: by objective, the single-task model's value.
        started: when this session began, and how many candidates had ended by then.
    """

    run: str
    objectives: dict[str, Metric]
    total: int
    workers: int
    complete: int = 0
    pruned: int = 0
    failed: int = 0
    samples_seen: int = 0
    work: list[Work] = field(default_factory=list)
    front: tuple[int, ...] = ()
    results: dict[int, Result] = field(default_factory=dict)
    best: dict[str, tuple[float, int]] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)
    started: tuple[float, int] = (0.0, 0)

    @property
    def ended(self) -> int:
        """Candidates that are neither running nor still to come."""
        return self.complete + self.pruned + self.failed

    def begin(self, title: str, parents: tuple[int, ...] = ()) -> None:
        """Something is handed to a worker."""
        self.work.append(Work(title, parents, time.monotonic()))

    def end(self, title: str) -> None:
        """A worker is done with it."""
        self.work = [work for work in self.work if work.title != title]

    def take(self, number: int, result: Result) -> None:
        """Counts a candidate that has ended."""
        self.samples_seen += result.samples_seen
        if result.failure is not None:
            self.failed += 1
            return
        if not result.complete:
            self.pruned += 1
            return
        self.complete += 1
        self.results[number] = result
        for name, metric in self.objectives.items():
            value = result.scores.get(name)
            if value is not None and (name not in self.best or metric.score.better(value, self.best[name][0])):
                self.best[name] = (value, number)

    def seconds_gone(self) -> float:
        """Since this session began."""
        return time.monotonic() - self.started[0]

    def seconds_left(self) -> float | None:
        """An estimate from this session's pace; None before its first candidate has ended."""
        ended = self.ended - self.started[1]
        return self.seconds_gone() / ended * (self.total - self.ended) if ended > 0 else None
