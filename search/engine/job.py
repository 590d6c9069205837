"""A job, which is something to train, and the interface by which workers get jobs and report their results."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from valp.errors import ValpError
from valp.search.engine.fault import Failure
from valp.search.run.outcome import Outcome
from valp.spaces.baselines.baseline_codes import NETWORK
from valp.spaces.candidate import Candidate


@dataclass(frozen=True)
class Job:
    """Something to train: a candidate of the run, or a single-task network of an output.

    Attributes:
        candidate: the candidate or single-task network.
        path: its folder, which only the driver reads and writes.
        rungs: the steps, ascending, at which the search decides whether the training continues.
        number: the candidate's number; None for a single-task network.
        output: the output of a single-task network; None for a candidate.
        code: the code of a single-task network among the baselines of its output.
        attempt: 1 at the first attempt.
    """

    candidate: Candidate
    path: Path
    rungs: tuple[int, ...] = ()
    number: int | None = None
    output: str | None = None
    code: str = ""
    attempt: int = 1

    @property
    def parent_paths(self) -> list[Path]:
        """The folders of the candidate's parents, in the order of `Candidate.parents`."""
        return [self.path.parent / str(number) for number in self.candidate.parents]

    @property
    def title(self) -> str:
        """The name of the job for messages."""
        if self.output is None:
            return f"candidate {self.number}"
        which = "" if self.code == NETWORK else f", {self.code.replace('-', ' ')}"
        return f"single-task {self.output}{which}"


class Jobs(Protocol):
    """The interface of a search for its workers: the local loop and Ray's searcher."""

    def next(self) -> Job | None:
        """The next job; None if nothing is left or the search should end."""

    def keep(self, job: Job, outcome: Outcome) -> None:
        """Writes what a training has made into the job's folder. Workers write nothing."""

    def goes_on(self, job: Job, steps: int) -> bool:
        """Whether a training that has reached a rung continues. What it has made until then is kept."""

    def has_work(self) -> bool:
        """Whether `next` still has a job."""

    def end(self, job: Job, failure: Failure | None = None) -> None:
        """Records a finished job. What it has made is kept, or a failure says why it may not be."""

    def spent(self, seconds: Mapping[str, float], *, ended: bool) -> None:
        """Adds a worker's seconds to the time profile; `ended` says whether a job has finished with them."""

    def stop(self, error: ValpError) -> None:
        """Ends the search with this error as soon as no job is running."""
