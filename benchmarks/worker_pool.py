"""Works off jobs in processes of one thread each, where finished jobs decide which others follow."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from typing import Any, Protocol, TypeVar

from benchmarks.ends_with_command import end_with_command


class Keyed(Protocol):
    """A job with a name of its own."""

    @property
    def key(self) -> str:
        """Its name."""


Job = TypeVar("Job", bound=Keyed)
Row = TypeVar("Row")


def work_off(
    left: Callable[[], Iterator[Job]],
    run: Callable[[Job], tuple[Any, ...]],
    trained: Callable[..., Row],
    finish: Callable[[Job, Row], object],
    workers: int,
    prepare: Callable[..., object],
    arguments: tuple[Any, ...],
) -> None:
    """Runs jobs until none is left.

    Args:
        left: the jobs that can start now, in their order; those that are running may be among them.
        run: the arguments of `trained` for a job.
        trained: does a job, in a worker process.
        finish: gets each finished job and what it gave, in this process.
        workers: the number of processes. 0 does all jobs in this process.
        prepare: called with `arguments` in each process before its first job.
    """
    if next(left(), None) is None:
        return
    if workers == 0:
        prepare(*arguments)
        while (job := next(left(), None)) is not None:
            finish(job, trained(*run(job)))
        return
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawned, _prepared, (prepare, arguments)) as pool:
        running: dict[Future[Row], Job] = {}
        while True:
            busy = {job.key for job in running.values()}
            waiting = (job for job in left() if job.key not in busy)
            for job in islice(waiting, workers - len(running)):
                running[pool.submit(trained, *run(job))] = job
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                finish(running.pop(future), future.result())


def _prepared(prepare: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    end_with_command()
    prepare(*arguments)
