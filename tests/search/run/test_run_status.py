"""The status of real searches: running, finished, interrupted, killed, of earlier versions, damaged."""

import fcntl
import os
import shutil
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import files_of
from tests.search.listener import Listener
from tests.search.run.test_damaged_runs import DAMAGES
from valp.errors import FileError, SearchError, SettingError
from valp.search.engine import evaluate, fit_baseline
from valp.search.engine.driver import Driver
from valp.search.engine.fault import LostWorkerError, failure_of
from valp.search.facade.launch import launch
from valp.search.run import session_record
from valp.search.run.failure_counts import failure_counts
from valp.search.run.folder import Folder
from valp.search.run.lock import LOCK, is_held, locked
from valp.search.run.run_status import RunStatus, open_to_watch, status_of
from valp.search.run.session_record import (
    SESSION,
    WINDOW,
    CurrentJob,
    RecentEnd,
    SessionError,
    close_killed_session,
    read_session,
)
from valp.spaces.problem.problem import Problem, numeric

pytestmark = pytest.mark.usefixtures("narrow")

OLD = Path(__file__).parents[2] / "old_runs" / "0.1.0"


@pytest.fixture(scope="module")
def line():
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


def searched(problem, runs, **settings):
    asked = {"name": "r", "candidates": 3, "steps": 20, "workers": 0, "strategy": "random", "baselines": "none"}
    return launch(problem, runs=runs, **{"display": Listener(), **asked, **settings})


def status(runs, name="r"):
    return status_of(open_to_watch(runs, name))


class Looking(Listener):
    """Takes the status of the search whenever its driver shows something, and may then raise an error."""

    def __init__(self, runs, error=None):
        super().__init__()
        self.runs, self.error, self.seen = runs, error, []

    def show(self, status_of_driver, ended=None):
        self.seen.append(status(self.runs))
        if ended is not None and self.error is not None:
            raise self.error


@pytest.fixture(scope="module")
def looks(narrow, line, tmp_path_factory):
    """What was seen of a search while it was running, and its runs afterwards."""
    runs = tmp_path_factory.mktemp("looks")
    display = Looking(runs)
    searched(line, runs, display=display, baselines="quick", hours=9)
    return display.seen, runs


@pytest.fixture
def runs(looks, tmp_path):
    """A copy of the finished run, which a test may change."""
    return Path(shutil.copytree(looks[1], tmp_path / "copied"))


def change(runs, **values):
    """Writes another record of the last session."""
    record = read_session(runs / "r").model_copy(update=values)
    (runs / "r" / SESSION).write_text(record.model_dump_json())
    return record


def left_by_a_kill(runs):
    """The record that a driver leaves that is killed while it trains candidate 2."""
    job = CurrentJob(title="candidate 2", candidate=2, since=datetime.now(UTC))
    return change(runs, ended=None, reason=None, jobs=(job,))


def test_a_running_search_says_what_it_trains_and_since_when(looks):
    seen, _ = looks
    assert {one.state for one in seen} == {"running"}
    training = [one for one in seen if one.jobs]
    assert [job.title for one in training for job in one.jobs] == [
        "single-task y", "candidate 0", "candidate 1", "candidate 2",
    ]  # fmt: skip
    for one in training:
        (job,) = one.jobs
        document = one.document()
        assert 0 <= (one.now - job.since).total_seconds() < 600
        assert document["jobs"][0]["title"] == job.title
        assert document["session"]["process"] == os.getpid()
        assert document["session"]["ended"] is None
        assert datetime.fromisoformat(document["session"]["deadline"]) - one.now < timedelta(hours=9)


def test_a_running_search_says_which_baseline_it_fits(line, tmp_path, monkeypatch):
    fit, seen = fit_baseline.fit_baseline, []

    def looking(*asked):
        seen.append(status(tmp_path))
        return fit(*asked)

    monkeypatch.setattr(fit_baseline, "fit_baseline", looking)
    display = Looking(tmp_path)
    searched(line, tmp_path, candidates=1, baselines="quick", display=display)
    assert [one.session.preparing for one in seen] == [
        "fitting a baseline: no learning y", "fitting a baseline: linear y",
    ]  # fmt: skip
    assert {one.state for one in seen} == {"running"}
    assert {one.session.preparing for one in display.seen} == {None}


def test_a_running_search_counts_its_candidates_and_estimates_the_time_left(looks):
    seen, _ = looks
    assert [one.ended for one in seen if not one.jobs] == [1, 2, 3]
    for one in (one for one in seen if one.ended):
        candidates, samples = one.rates
        assert samples == pytest.approx(candidates * one.entries[0].result.samples_seen)
        assert one.seconds_left == pytest.approx((3 - one.ended) / candidates * 60)
        assert one.total == 3
    assert all(one.rates is None for one in seen if not one.ended)


def test_baselines_that_wait_are_counted_until_they_are_trained(looks):
    waiting = [one.document()["baselines"]["waiting"] for one in looks[0]]
    assert waiting == [0] * len(waiting)  # the only network is trained first
    assert status(looks[1]).document()["baselines"]["waiting"] is None


def test_a_finished_search_has_its_counts_and_best_values_and_no_work(looks):
    now = status(looks[1])
    document, entries = now.document(), now.run.ledger.entries()
    assert (document["state"], document["reason"], document["message"]) == ("finished", "complete", None)
    assert document["candidates"] == {"total": 3, "complete": 3, "pruned": 0, "failed": 0, "unfinished": 0}
    assert document["samples_seen"] == sum(entry.result.samples_seen for entry in entries)
    assert (document["jobs"], document["candidates_per_minute"], document["seconds_left"]) == ([], None, None)
    (name,) = now.run.objectives
    score = now.run.objectives[name].score
    best = min(entries, key=lambda entry: score.loss(entry.result.scores[name]))
    assert document["best"] == {name: {"value": best.result.scores[name], "candidate": best.number}}
    reached = now.run.baselines.best[name]
    assert document["baselines"]["best"] == {name: {"value": reached.value, "baseline": reached.title}}
    assert document["baselines"]["finished"] == 3
    assert document["front"] == [entry.number for entry in now.run.front()]


def test_looking_changes_no_file_even_of_a_killed_search(runs):
    left_by_a_kill(runs)
    before = files_of(runs)
    status(runs).document()
    assert files_of(runs) == before


def test_what_a_killed_driver_was_training_is_not_shown_as_being_trained(runs):
    record = left_by_a_kill(runs)
    now = status(runs)
    assert (now.state, now.reason, now.jobs, now.rates) == ("interrupted", "killed", (), None)
    assert now.document()["session"]["ended"] == record.updated.isoformat()
    assert now.document()["session"]["process"] == record.process


def test_a_command_that_locks_a_run_does_not_bring_a_killed_session_back_to_life(runs):
    record = left_by_a_kill(runs)
    with locked(Folder(runs / "r")):
        now = status(runs)
        assert (now.state, now.jobs, now.reason) == ("locked", (), "killed")
    after = read_session(runs / "r")
    assert (after.ended, after.reason, after.jobs) == (record.updated, "killed", ())


def test_the_end_of_a_session_that_was_not_killed_is_kept(runs):
    before = (runs / "r" / SESSION).read_bytes()
    close_killed_session(runs / "r")
    assert (runs / "r" / SESSION).read_bytes() == before


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (KeyboardInterrupt("SIGTERM"), "interrupted", "SIGTERM"),
        (FileError("the disk is full"), "error", "the disk is full"),
        (ZeroDivisionError("why\nnot"), "error", "ZeroDivisionError: why"),
    ],
)
def test_an_interrupted_search_says_why_it_ended(error, reason, message, line, tmp_path):
    with pytest.raises(type(error)):
        searched(line, tmp_path, display=Looking(tmp_path, error))
    now = status(tmp_path)
    assert (now.state, now.reason, now.session.message) == ("interrupted", reason, message)
    assert (now.total, now.ended, now.jobs) == (3, 1, ())
    if reason == "error":
        assert now.last_error == SessionError(at=now.session.ended, text=message)


def test_a_search_whose_time_is_over_is_interrupted_and_the_same_call_finishes_it(line, tmp_path):
    searched(line, tmp_path, candidates=1)
    searched(line, tmp_path, hours=1e-9)
    now = status(tmp_path)
    assert (now.state, now.reason, now.total, now.ended) == ("interrupted", "deadline", 3, 1)
    searched(line, tmp_path)
    assert status(tmp_path).state == "finished"


def test_a_command_with_nothing_to_do_finishes_the_record_of_a_killed_session(line, runs):
    left_by_a_kill(runs)
    run = searched(line, runs, baselines="quick")
    assert status(runs).state == "finished"
    assert run.status()["reason"] == "complete"


def test_failures_are_counted_by_reason_and_the_last_one_is_shown(line, tmp_path, monkeypatch):
    def fail(module, candidate, *_):
        raise ValueError(f"no value at step {candidate.training.seed % 7}")

    monkeypatch.setattr(evaluate, "fitting", fail)
    with pytest.raises(SearchError, match="all 3 candidates"):
        searched(line, tmp_path)
    now = status(tmp_path)
    assert (now.state, now.count("failed")) == ("finished", 3)
    ((reason, count),) = now.failures
    assert count == 3
    assert reason.startswith("ValueError: no value at step")
    assert now.last_error.text.startswith("candidate 2: ValueError: no value at step")
    assert now.best == {}


def test_failures_that_differ_in_numbers_only_are_one_reason_and_the_most_common_is_first():
    told = ["at step 10", "no memory", "at step 20"]
    assert failure_counts(told) == [("at step 10", 2), ("no memory", 1)]
    assert failure_counts([]) == []


def test_rates_are_those_of_the_latest_candidates(runs):
    now = datetime.now(UTC)
    ends = tuple(RecentEnd(at=now - timedelta(minutes=WINDOW + 1 - i), samples=1000) for i in range(WINDOW + 1))
    record = change(runs, candidates_since=now - timedelta(hours=50), recent=ends)
    run = open_to_watch(runs, "r")
    entries = tuple(run.ledger.entries())
    assert RunStatus(run, now, "running", record, entries).rates == pytest.approx((WINDOW / 21, WINDOW / 21 * 1000))
    fewer = record.model_copy(update={"recent": ends[-2:], "candidates_since": now - timedelta(minutes=4)})
    assert RunStatus(run, now, "running", fewer, entries).rates == pytest.approx((0.5, 500))
    assert RunStatus(run, now, "interrupted", fewer, entries).rates is None


def test_a_job_whose_candidate_the_ledger_has_is_not_shown_any_more(runs):
    now = datetime.now(UTC)
    job = CurrentJob(title="candidate 2", candidate=2, since=now)
    run = open_to_watch(runs, "r")
    record = read_session(runs / "r").model_copy(update={"jobs": (job,), "ended": None})
    assert RunStatus(run, now, "running", record, tuple(run.ledger.entries())).jobs == ()
    assert RunStatus(run, now, "running", record, tuple(run.ledger.entries()[:2])).jobs == (job,)


@pytest.mark.parametrize("name", ["evolution", "random"])
def test_a_run_of_an_earlier_version_has_no_session_and_an_unfinished_candidate(name, tmp_path):
    shutil.copytree(OLD / name, tmp_path / name)
    before = files_of(tmp_path)
    document = status(tmp_path, name).document()
    assert (document["state"], document["reason"], document["session"]) == ("interrupted", None, None)
    assert document["candidates"]["total"] is None
    assert document["candidates"]["unfinished"] == 1
    assert document["best"]
    assert files_of(tmp_path) == before


def test_without_a_record_and_unfinished_candidates_only_the_missing_driver_is_told(runs):
    (runs / "r" / SESSION).unlink()
    now = status(runs)
    assert (now.state, now.total, now.ended) == ("no driver", None, 3)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"schema_version": 2}'])
def test_a_damaged_record_counts_as_none(content, runs):
    (runs / "r" / SESSION).write_bytes(content)
    assert status(runs).state == "no driver"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_one_sentence(damage, runs_copy):
    def told():
        now = status(runs_copy, "small")
        return now.document(), [entry.candidate for entry in now.entries]

    DAMAGES[damage][0](runs_copy / "small")
    with pytest.raises((FileError, SettingError)) as refused:
        told()
    assert "\n" not in str(refused.value)


def test_a_ledger_that_a_killed_driver_left_half_written_is_read_from_a_copy(runs, tmp_path):
    ledger = runs / "r" / "study.db"
    with sqlite3.connect(ledger) as database:
        database.execute("create table filler (text)")
        database.executemany("insert into filler values (?)", [("x" * 3000,)] * 50)
    database.close()
    database = sqlite3.connect(ledger, isolation_level=None)
    database.execute("pragma cache_size = 1")
    database.execute("begin")
    database.execute("update filler set text = text || 'y'")
    database.execute("update trials set state = 'FAIL'")
    copy = tmp_path / "half"
    shutil.copytree(runs, copy)  # as a kill leaves it: changed pages in the file, the old ones in the journal
    database.execute("rollback")
    database.close()
    assert (copy / "r" / "study.db-journal").stat().st_size > 0
    before = files_of(copy)
    now = status(copy)
    assert [entry.state for entry in now.entries] == ["complete"] * 3
    assert now.document()["state"] == "finished"
    assert files_of(copy) == before


def test_a_run_that_is_just_created_is_waited_for(runs):
    study, hidden = runs / "r" / "study.db", runs / "r" / "hidden"
    study.rename(hidden)
    with locked(Folder(runs / "r")):
        timer = threading.Timer(0.3, lambda: hidden.rename(study))
        timer.start()
        assert status(runs).state == "locked"
        timer.join()


def test_checking_a_lock_neither_creates_nor_changes_the_file_and_does_not_hinder_others(tmp_path):
    folder = Folder(tmp_path)
    assert not is_held(tmp_path / LOCK)
    assert not (tmp_path / LOCK).exists()
    with locked(folder):
        assert is_held(tmp_path / LOCK)
    before = files_of(tmp_path)
    with (tmp_path / LOCK).open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # another check, at this moment
        assert not is_held(tmp_path / LOCK)
    assert files_of(tmp_path) == before


def test_a_driver_can_start_while_its_lock_is_checked(tmp_path):
    (tmp_path / LOCK).touch()
    file = (tmp_path / LOCK).open()
    fcntl.flock(file, fcntl.LOCK_SH)
    threading.Timer(0.1, file.close).start()
    with locked(Folder(tmp_path)):
        assert is_held(tmp_path / LOCK)


def test_a_record_that_cannot_be_written_is_removed_and_the_search_goes_on(line, tmp_path, monkeypatch):
    def full(path, text):
        raise FileError(f"{path} cannot be written: No space left on device")

    searched(line, tmp_path, candidates=1)
    assert (tmp_path / "r" / SESSION).is_file()
    monkeypatch.setattr(session_record, "write_text", full)
    searched(line, tmp_path, candidates=2)
    assert not (tmp_path / "r" / SESSION).exists()
    assert status(tmp_path).state == "no driver"


def test_a_training_that_is_tried_again_is_shown_with_its_attempt(line, tmp_path, monkeypatch):
    ended, seen = Driver.end, []

    def losing(self, job, failure=None):
        if job.attempt == 1:
            failure = failure_of(LostWorkerError("the worker process ended"))
            shutil.rmtree(job.path)
        ended(self, job, failure)
        seen.append(status(tmp_path))

    monkeypatch.setattr(Driver, "end", losing)
    display = Looking(tmp_path)
    searched(line, tmp_path, candidates=1, display=display)
    assert [job.attempt for one in display.seen for job in one.jobs] == [1, 2]
    assert seen[0].jobs == ()
    assert seen[0].last_error.text == "candidate 0 is tried again: the worker process ended"
    assert status(tmp_path).state == "finished"
