"""Trains a search's candidates in actors of Ray Tune."""

import time

import ray
from ray import tune

from valp.plan.plan import Executor
from valp.search.engine.candidate_limits import CandidateLimits
from valp.search.engine.job import Jobs
from valp.search.engine.ray.halving import Halving
from valp.search.engine.ray.parent_store import ParentStore
from valp.search.engine.ray.session import ray_for
from valp.search.engine.ray.trainer import Equipment
from valp.search.engine.ray.tuner import JobSearcher, tuner
from valp.search.engine.ray.worker import CandidateTrainable
from valp.search.run.temporary_folders import scratch
from valp.spaces.problem.scoring import Scorer


def train_with_ray(jobs: Jobs, scorer: Scorer, executor: Executor, workers: int, limits: CandidateLimits) -> None:
    """Trains the remaining jobs of a search, `workers` at once, each on one thread."""
    with ray_for(workers, scorer.problem.size_in_bytes), scratch("tune") as folder:
        ends = None if limits.deadline is None else time.time() + limits.deadline - time.monotonic()
        equipment = ray.put(Equipment(scorer, executor, time.time(), limits, ends))
        trainable = tune.with_parameters(CandidateTrainable, equipment=[equipment])
        parents = ParentStore()
        while (
            jobs.has_work()
        ):  # again after a Tuner's maximum of jobs, and if one is lost after Tune had asked for the last
            searcher = JobSearcher(jobs, parents)
            tuner(trainable, searcher, Halving(searcher.goes_on, searcher.failed), workers, str(folder)).fit()
