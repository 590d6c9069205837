"""A search in which every candidate failed ends with an error that gives the reason."""

import dataclasses
import os
import signal
import threading

import numpy as np
import psutil
import pytest

from tests.search.listener import Listener
from valp.errors import SearchError
from valp.search.engine.failures import require_success
from valp.search.facade.launch import launch
from valp.search.facade.run_handle import open_run
from valp.search.run.ledger_entry import Entry
from valp.search.run.result import Result
from valp.spaces.generate.space import DEFAULT, SPACES
from valp.spaces.problem.problem import Problem, numeric

UNABLE = """
import sys
if any("default_worker" in word for word in sys.orig_argv):
    sys.modules["valp.train.fit"] = None
"""
"""Begins every Python of the environment; a worker of Ray cannot import the module that trains."""


def failed(number, reason):
    return Entry(number, "failed", None, Result({}, 0, "", 0, (0.0, 0.0), reason), (), "")


def complete(number):
    return Entry(number, "complete", None, Result({"mse": 1.0}, 0, "", 0, (0.0, 0.0)), (), "")


def test_the_most_common_reason_is_given_with_its_count():
    reasons = ["a loss is NaN at step 7", "out of memory", "a loss is NaN at step 12"]
    with pytest.raises(SearchError) as refused:
        require_success("first", [failed(i, reason) for i, reason in enumerate(reasons)])
    assert str(refused.value) == (
        "all 3 candidates of run 'first' failed, 2 of them for this reason: a loss is NaN at step 7"
    )


def test_one_candidate_that_has_not_failed_is_enough():
    require_success("first", [failed(0, "a loss is NaN"), complete(1)])
    require_success("first", [Entry(0, "running", None, None, (), "")])
    require_success("first", [])


def test_losses_that_are_not_finite_exit_with_1_and_say_so(valp, tmp_path, monkeypatch):
    monkeypatch.setitem(SPACES, "wild", dataclasses.replace(DEFAULT, name="wild", learning_rate=(1e20, 1e20)))
    words = ("--space", "wild", "--name", "wild", "--candidates", 2, "--steps", 20, "--workers", 0, "--runs", tmp_path)
    for _ in range(2):  # the same command again trains nothing, and is no success either
        outcome = valp("search", "digits", *words)
        assert (outcome.code, outcome.out) == (1, "")
        sentence = outcome.err.splitlines()[-1]
        assert sentence.startswith("valp: all 2 candidates of run 'wild' failed")
        assert "finite" in sentence or "NaN" in sentence


@pytest.fixture
def line():
    """A problem of one output, so that its search has one single-task model."""
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


@pytest.mark.heavy
def test_killed_workers_are_reported_as_killed(line, tmp_path, capfd):
    ended = threading.Event()

    def kill_workers():
        while not ended.wait(0.1):
            for process in psutil.Process().children(recursive=True):
                try:
                    if process.cmdline()[0].startswith("ray::_Inner.train"):
                        os.kill(process.pid, signal.SIGKILL)
                except (psutil.Error, IndexError, ProcessLookupError):
                    continue

    killer = threading.Thread(target=kill_workers)
    killer.start()
    try:
        with pytest.raises(SearchError, match="the worker process ended unexpectedly") as refused:
            launch(
                line, name="killed", runs=tmp_path, candidates=1, steps=1_000_000, workers=1, baselines="none",
                display=Listener(),
            )  # fmt: skip
    finally:
        ended.set()
        killer.join()
    assert capfd.readouterr().out == ""
    entry = open_run("killed", tmp_path).stored.ledger.entry(0)
    assert entry.state == "failed"
    assert str(refused.value) == f"the only candidate of run 'killed' failed: {entry.result.failure}"


@pytest.mark.heavy
def test_workers_that_cannot_import_end_the_search_with_the_import_error(digits_problem, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(UNABLE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # of Ray's workers; this process has started
    display = Listener()
    with pytest.raises(SearchError, match=r"no worker can start: .*valp\.train\.fit") as refused:
        launch(digits_problem, name="unable", runs=tmp_path, candidates=2, steps=20, workers=1, display=display)
    assert "\n" not in str(refused.value)
    assert display.ended == []
    monkeypatch.delenv("PYTHONPATH")
    run = launch(
        digits_problem, name="unable", runs=tmp_path, candidates=2, steps=20, workers=0, display=Listener()
    ).stored
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 2
