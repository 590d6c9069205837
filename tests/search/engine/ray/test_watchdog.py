"""The watchdog of a worker of Ray."""

import threading
import time

import numpy as np
import pytest

from tests.search.changed_workers import changing
from tests.search.listener import Listener
from valp.errors import SearchError
from valp.search.engine.candidate_limits import CandidateLimits, Stopclock
from valp.search.engine.ray import watchdog
from valp.search.engine.ray.watchdog import EXIT_CODE, GRACE, Watchdog, private_memory
from valp.search.facade.launch import launch
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training
from valp.spaces.problem.problem import Problem, numeric


@pytest.fixture(scope="module")
def line():
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


@pytest.fixture
def candidate(line):
    return Candidate(graph=single_task(line, "y"), training=Training(steps=1))


@pytest.fixture
def watched(candidate, monkeypatch):
    """Makes a watchdog that sets an event instead of ending the process, and watches a candidate."""
    ended, told = threading.Event(), []
    monkeypatch.setattr(watchdog, "PERIOD", 0.01)

    def end(code):
        assert code == EXIT_CODE
        ended.set()

    def watch(limits):
        clock = Stopclock(limits, candidate.training)
        Watchdog(limits, end).watch(candidate, told.append, clock)
        return clock, ended, told

    return watch


def test_a_candidate_that_takes_more_memory_than_estimated_is_told_as_failed(watched, monkeypatch):
    monkeypatch.setattr(watchdog, "LIBRARIES", 10**6)
    clock, ended, told = watched(CandidateLimits(memory=20 * 10**6))
    with clock.running():
        few = np.ones(10**6)
        assert not ended.wait(0.2)
        many = np.ones(10**7)
        assert ended.wait(20)
    assert few.sum() + many.sum() == 11 * 10**6
    failures = [result.failure for result in told]
    assert failures == ["its training takes more memory than the 20 MB that a candidate may use"]


def test_a_candidate_that_never_looks_at_its_clock_is_told_as_failed(watched, monkeypatch):
    monkeypatch.setattr(watchdog, "GRACE", 0.1)
    clock, ended, told = watched(CandidateLimits(seconds=0.1))
    assert not ended.wait(0.5)  # the clock does not run
    with clock.running():
        assert ended.wait(20)
    assert ["takes longer than the 0.1 s" in result.failure for result in told] == [True]


def test_a_candidate_that_is_stuck_at_the_end_of_the_time_stays_unfinished(watched):
    limits = CandidateLimits(seconds=1e9, deadline=time.monotonic() - GRACE - 1)
    clock, ended, told = watched(limits)
    with clock.running():
        assert ended.wait(20)
    assert told == []


def test_the_private_memory_of_a_process_grows_with_what_it_writes():
    before = private_memory()
    held = np.ones(10**7)  # more than 32 MB, which the C library never takes from memory that was freed before
    assert 70 * 10**6 < private_memory() - before < 160 * 10**6
    assert held.sum() == 10**7


HUNGRY = changing(
    "valp.search.engine.evaluate",
    """
make = module.fitting

def fitting(module, candidate, *rest):
    import numpy
    held = [numpy.ones(10**7) for _ in range(100)]
    return make(module, candidate, *rest)

module.fitting = fitting
""",
)
"""Begins every Python of the environment: a training in a worker of Ray takes 8 GB that no estimate knows of."""


@pytest.mark.heavy
def test_a_worker_whose_candidate_takes_too_much_memory_is_ended_and_the_candidate_fails_once(
    line, tmp_path, monkeypatch
):
    (tmp_path / "sitecustomize.py").write_text(HUNGRY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    display = Listener()
    asked = {"candidates": 1, "steps": 20, "strategy": "random", "baselines": "none", "display": display}
    with pytest.raises(SearchError, match="takes more memory than the 200 MB that a candidate may use"):
        launch(line, name="hungry", runs=tmp_path, workers=1, candidate_memory="200MB", **asked)
    assert display.ended == [0]
    assert not any("tried again" in line for line in display.lines)
