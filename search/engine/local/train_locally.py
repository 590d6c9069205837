"""A search in this process alone, without Ray: it trains one candidate after the other."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from valp.search.engine.evaluate import Evaluation
from valp.search.engine.ray.halving import rungs_of
from valp.spaces.problem.scoring import Scorer

from valp.train.fit import one_thread
from valp.train.stopwatch import Stopwatch

if TYPE_CHECKING:
    from valp.search.engine.driver import Driver, Job


def train_alone(driver: "Driver", scorer: Scorer, deadline: float | None) -> None:
    """Trains what a driver has left, here.

    Raises:
        FileError: if the run's folder cannot be written.
    """
    driver.deadline = deadline
    driver.status.started = (time.monotonic(), driver.status.ended)
    try:
        with _one_thread_for_now():
            while (job := driver.next()) is not None:
                _train(driver, job, scorer)
                driver.end(job, error=False)
    finally:
        driver.display.close()


def _train(driver: "Driver", job: "Job", scorer: Scorer) -> None:
    """Trains and scores a candidate, rung by rung if candidates are halved; what comes of it is in its folder."""
    whole = job.candidate.training.steps
    rungs = rungs_of(whole) if driver.settings.halving and job.output is None else ()
    evaluation = Evaluation(job.candidate, scorer, job.path, driver.settings.executor)
    for steps in (*rungs, whole):
        watch = Stopwatch()
        result = evaluation.advance(steps, watch)
        stops = steps == whole or result.failure is not None or not driver.goes_on(job, steps)
        driver.profile.take(watch.parts, ended=stops)
        if stops:
            return


@contextmanager
def _one_thread_for_now() -> Iterator[None]:
    """Trains as a worker does, and leaves torch as it was."""
    threads = torch.get_num_threads()
    one_thread()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)
