"""What there is to train, and how whoever trains it asks for it and tells what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from valp.errors import ValpError
from valp.spaces.candidate import Candidate


@dataclass(frozen=True)
class Job:
    """Something to train: a candidate of the run, or the single-task model of an output.

    Attributes:
        candidate: what to train.
        path: the folder to write.
        rungs: the steps, ascending, at which it is asked whether the training continues.
        number: the candidate's; None for a single-task model.
        output: whose single-task model it is; None for a candidate.
    """

    candidate: Candidate
    path: Path
    rungs: tuple[int, ...] = ()
    number: int | None = None
    output: str | None = None

    @property
    def title(self) -> str:
        """What it is."""
        return f"candidate {self.number}" if self.output is None else f"single-task {self.output}"


class Jobs(Protocol):
    """A search as its workers see it. The local loop and Ray's searcher use nothing else of it."""

    def next(self) -> Job | None:
        """The next thing to train; None when nothing is left, or the search is to end."""

    def goes_on(self, job: Job, steps: int) -> bool:
        """Whether a training that has reached a rung continues; its scores there are in its folder."""

    def end(self, job: Job, error: str | None = None) -> None:
        """Records a job that has ended: its folder is complete, or there was an `error` outside of its training."""

    def spent(self, seconds: Mapping[str, float], *, ended: bool) -> None:
        """Counts where a worker's seconds went, and whether a job has ended with them."""

    def stop(self, error: ValpError) -> None:
        """Ends the search with this error once no job is running."""
