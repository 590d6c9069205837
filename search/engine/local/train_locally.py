"""Trains a search's candidates in this process, one after the other, without Ray."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from valp.errors import ValpError
from valp.plan.plan import Executor
from valp.search.engine.candidate_limits import CandidateLimits
from valp.search.engine.evaluate import Evaluation
from valp.search.engine.fault import failure_of
from valp.search.engine.job import Job, Jobs
from valp.search.engine.parent_files import read_parent_files
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread
from valp.train.stopwatch import Stopwatch


def train_locally(jobs: Jobs, scorer: Scorer, executor: Executor, limits: CandidateLimits) -> None:
    """Trains the remaining jobs of a search in this process."""
    with _one_thread_for_now():
        while (job := jobs.next()) is not None:
            try:
                _train(jobs, job, scorer, executor, limits)
            except (ValpError, OSError) as error:  # not the candidate's fault: its own are results
                jobs.end(job, failure_of(error))
            else:
                jobs.end(job)


def _train(jobs: Jobs, job: Job, scorer: Scorer, executor: Executor, limits: CandidateLimits) -> None:
    """Trains and scores a job, rung by rung."""
    whole = job.candidate.training.steps
    parents = [read_parent_files(path) for path in job.parent_paths]
    evaluation = Evaluation(job.candidate, scorer, parents, executor, limits)
    for steps in (*job.rungs, whole):
        watch = Stopwatch()
        outcome = evaluation.advance(steps, watch)
        jobs.keep(job, outcome)
        stops = steps == whole or outcome.result.failure is not None or not jobs.goes_on(job, steps)
        jobs.spent(watch.parts, ended=stops)
        if stops:
            return


@contextmanager
def _one_thread_for_now() -> Iterator[None]:
    """Sets torch to one thread, as in a worker, and restores its settings at the end of the block."""
    threads = torch.get_num_threads()
    one_thread()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)
