"""The state of a search, for displays."""

import time
from dataclasses import dataclass, field

from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.result import Result
from valp.spaces.problem.metrics import Metric


@dataclass(frozen=True)
class Work:
    """What a worker is training.

    Attributes:
        title: the name of the candidate or single-task model.
        parents: the candidates whose weights it inherited.
        since: when it started, a value of `time.monotonic()`.
    """

    title: str
    parents: tuple[int, ...]
    since: float


@dataclass
class Status:
    """The state of a search.

    Attributes:
        run: the run's name.
        objectives: the objectives by name.
        total: the number of candidates in the finished run.
        workers: the number of candidates trained at once.
        complete: the number of complete candidates.
        pruned: the number of candidates stopped at a rung.
        failed: the number of failed candidates.
        samples_seen: the samples that all candidates together have seen.
        work: what is being trained now, in the order of starting.
        front: the candidates on the Pareto front.
        results: the results of the complete candidates, by number.
        best: by objective, the best value so far and the number of its candidate.
        baselines: what the baselines have reached; None before the first one.
        started: when this session started, a value of `time.monotonic()`, and how many candidates had ended by then.
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
    baselines: BaselineScores | None = None
    started: tuple[float, int] = (0.0, 0)

    @property
    def ended(self) -> int:
        """The number of candidates that have ended."""
        return self.complete + self.pruned + self.failed

    def begin(self, title: str, parents: tuple[int, ...] = ()) -> None:
        """Adds something that a worker starts to train."""
        self.work.append(Work(title, parents, time.monotonic()))

    def end(self, title: str) -> None:
        """Removes something that a worker has finished."""
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
        """The seconds since this session started."""
        return time.monotonic() - self.started[0]

    def seconds_left(self) -> float | None:
        """The estimated seconds left, from this session's pace; None before its first candidate has ended."""
        ended = self.ended - self.started[1]
        return self.seconds_gone() / ended * (self.total - self.ended) if ended > 0 else None
