"""Whose fault a failure is, and what follows from it."""

import errno
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.search.listener import Listener
from valp.errors import DataError, FileError, SearchError
from valp.search.engine import evaluate
from valp.search.engine.driver import Driver
from valp.search.engine.evaluate import Evaluation
from valp.search.engine.fault import (
    ATTEMPTS,
    LOG_LINES,
    Failure,
    Fault,
    LostWorkerError,
    NoWorkerError,
    UnreadableParentError,
    failure_of,
)
from valp.search.facade.launch import launch
from valp.search.run.folder import read_result
from valp.search.run.ledger import Ledger
from valp.search.run.run import open_run
from valp.spaces.problem.problem import Problem, numeric
from valp.spaces.problem.scoring import Scorer

LOST = failure_of(LostWorkerError("the worker process ended unexpectedly"), "Segmentation fault")


@pytest.fixture(scope="module")
def line():
    """A problem of one output, so that its search has one single-task network."""
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


def searched(problem, runs, **settings):
    asked = {"name": "r", "candidates": 2, "steps": 20, "workers": 0, "strategy": "random", "baselines": "quick"}
    return launch(problem, runs=runs, **{"display": Listener(), **asked, **settings}).stored


@pytest.fixture(scope="module")
def finished(line, tmp_path_factory):
    return searched(line, tmp_path_factory.mktemp("finished"))


@pytest.fixture
def driver(finished, line, tmp_path):
    """A driver at the start of a search with the settings of `finished`, and its display."""
    display = Listener()
    ledger = Ledger.create(tmp_path / "study.db", finished.objectives)
    folder = replace(finished.folder, path=tmp_path)
    made = Driver(folder, line, finished.settings, ledger, display, 2, 1, ())
    made.recover()
    return made


def trained(driver, job):
    """Trains a job as a worker does."""
    scorer = Scorer(driver.problem, {}, objectives=driver.settings.objectives)
    outcome = Evaluation(job.candidate, scorer).advance()
    driver.keep(job, outcome)
    return outcome.result


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (LostWorkerError("killed"), Fault.WORKER),
        (UnreadableParentError("damaged"), Fault.PARENT),
        (NoWorkerError("no worker can start"), Fault.START),
        (FileError("the folder cannot be written"), Fault.FILES),
        (OSError(errno.ENOSPC, "No space left on device"), Fault.FILES),
        (DataError("the objective has no value"), Fault.CANDIDATE),
        (MemoryError(), Fault.CANDIDATE),
        (ZeroDivisionError("division by zero"), Fault.CANDIDATE),
        (FileNotFoundError(errno.ENOENT, "No such file"), Fault.CANDIDATE),
    ],
)
def test_each_error_has_one_fault_which_another_process_can_be_told(error, fault):
    failure = failure_of(error)
    assert failure.fault is fault
    assert Failure.of(failure.text()) == failure
    assert "\n" not in failure.reason
    assert (failure.ends_search is not None) == (fault in (Fault.FILES, Fault.START))


def test_the_end_of_the_log_is_kept_and_a_bug_has_its_traceback_as_log():
    log = "\n".join(f"line {i}" for i in range(100)) + "\n"
    assert failure_of(LostWorkerError("killed"), log).log.splitlines() == [
        f"line {i}" for i in range(100 - LOG_LINES, 100)
    ]
    try:
        torch.zeros(2**60)
    except RuntimeError as error:
        failure = failure_of(error)
    assert failure.fault is Fault.CANDIDATE
    assert "torch.zeros(2**60)" in failure.log


def test_a_finished_folder_counts_although_its_worker_was_lost_afterwards(driver):
    for _ in range(3):  # the single-task network and both candidates
        job = driver.next()
        trained(driver, job)
        driver.end(job, LOST)
    assert not driver.has_work()
    assert driver.ledger.baselines["y"]["network"].failure is None
    assert [entry.state for entry in driver.ledger.entries()] == ["complete"] * 2


def test_the_folder_of_another_candidate_does_not_count(driver):
    baseline, first = driver.next(), driver.next()
    assert baseline.output == "y"
    result = trained(driver, first)
    graph = first.candidate.model_copy(update={"training": first.candidate.training.model_copy(update={"seed": 1})})
    driver.end(replace(first, candidate=graph), LOST)
    assert driver.ledger.entry(0).state == "running"
    driver.end(first, LOST)
    assert driver.ledger.entry(0).result == result


def test_a_lost_worker_is_retried_at_once_and_recorded_with_the_end_of_its_log_after_the_last_attempt(driver):
    driver.next()
    job = driver.next()
    for attempt in range(2, ATTEMPTS + 1):
        driver.end(job, LOST)
        job = driver.next()
        assert (job.number, job.attempt) == (0, attempt)
    assert driver.ledger.entry(0).state == "running"
    driver.end(job, LOST)
    entry = driver.ledger.entry(0)
    assert entry.state == "failed"
    assert entry.result.failure == f"{LOST.reason}; this was attempt {ATTEMPTS}, the last one"
    assert entry.result.log == "Segmentation fault"
    assert entry.listing()["log"] == "Segmentation fault"
    assert read_result(job.path) == entry.result
    assert driver.next().number == 1


def test_a_single_task_network_that_lost_its_workers_is_trained_by_the_next_session(driver):
    job = driver.next()
    for _ in range(ATTEMPTS):
        assert job.output == "y"
        driver.end(job, LOST)
        job = driver.next()
    assert job.number == 0
    assert "network" not in driver.ledger.baselines.get("y", {})
    driver.queue.clear()
    driver.recover()
    assert driver.next().output == "y"


def test_a_folder_without_a_readable_result_is_trained_again(driver):
    driver.next()
    job = driver.next()
    trained(driver, job)
    (job.path / "scores.json").write_text("{")
    driver.end(job)
    assert driver.next() == replace(job, attempt=2)


def test_a_fault_of_the_machine_ends_the_search_and_leaves_the_candidate_unfinished(driver):
    driver.next()
    job = driver.next()
    driver.end(job, failure_of(NoWorkerError("no worker can start: no torch")))
    assert isinstance(driver.stopped, SearchError)
    assert not driver.has_work()
    assert driver.ledger.entry(0).state == "running"


def test_damaged_weights_of_a_parent_are_not_the_fault_of_its_child(digits_problem, tmp_path):
    asked = {"strategy": "evolution", "keep": "all", "baselines": "none"}
    run = searched(digits_problem, tmp_path, candidates=9, **asked)
    weights = list(run.folder.path.glob("candidates/*/weights.safetensors"))
    assert len(weights) == 9
    for file in weights:
        file.write_bytes(file.read_bytes()[:100])
    display = Listener()
    after = searched(digits_problem, tmp_path, candidates=12, display=display, **asked)
    assert [entry.state for entry in after.ledger.entries()] == ["complete"] * 12
    lost = [line for line in display.lines if "is trained from scratch" in line]
    scratch = {f"candidate {entry.number}" for entry in after.ledger.entries()[9:] if not entry.parents}
    assert {line.split(" is ")[0] for line in lost} == scratch != set()
    assert all("weights.safetensors is damaged" in line for line in lost)
    assert all(entry.candidate == read_candidate(after, entry) for entry in after.ledger.entries())


def test_a_candidate_that_lost_its_workers_first_is_still_trained_from_scratch_if_its_parent_is_damaged(driver):
    driver.next()
    job = driver.next()
    network = job.candidate.graph.networks[0].name
    child = job.candidate.model_copy(update={"parent": 7, "inherits": {network: (7, network)}})
    driver.end(replace(job, candidate=child, attempt=ATTEMPTS), failure_of(UnreadableParentError("damaged")))
    again = driver.next()
    assert again.number == 0
    assert again.candidate == driver.ledger.entry(0).candidate == child.from_scratch()
    trained(driver, again)
    driver.end(again)
    assert driver.ledger.entry(0).state == "complete"


def read_candidate(run, entry):
    return type(entry.candidate).model_validate_json(
        (run.folder.candidate(entry.number) / "candidate.json").read_text()
    )


@pytest.mark.parametrize(
    ("error", "failure"),
    [(MemoryError(), "MemoryError: no reason given"), (ZeroDivisionError("why"), "ZeroDivisionError: why")],
)
def test_a_bug_or_too_little_memory_is_recorded_once_with_its_traceback(error, failure, line, tmp_path, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr(evaluate, "fitting", fail)
    with pytest.raises(SearchError, match=f"the only candidate of run 'r' failed: {failure}"):
        searched(line, tmp_path, candidates=1, baselines="none")
    result = open_run(tmp_path, "r").ledger.entry(0).result
    assert result.failure == failure
    assert "raise error" in result.log


def test_weights_that_cannot_be_saved_are_the_fault_of_the_candidate(line, tmp_path, monkeypatch):
    make = evaluate.compiled

    def tied(*given):
        module, part = make(*given), torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
        part[1].weight = part[0].weight  # safetensors refuses to save a tensor twice
        module.add_module("part_of_a_package", part)
        return module

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "compiled", tied)
        with pytest.raises(SearchError, match=r"the only candidate of run 'r' failed: RuntimeError: \S"):
            searched(line, tmp_path, candidates=1, baselines="none")
    entries = searched(line, tmp_path, candidates=2, baselines="none").ledger.entries()
    assert [entry.state for entry in entries] == ["failed", "complete"]


def test_a_full_disk_ends_the_search_and_the_same_command_goes_on(line, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "fitting", full)
        with pytest.raises(FileError, match="No space left on device"):
            searched(line, tmp_path)
    assert [entry.state for entry in open_run(tmp_path, "r").ledger.entries()] == []
    assert [entry.state for entry in searched(line, tmp_path).ledger.entries()] == ["complete"] * 2
