"""`valp status` on runs that a real search has made."""

import io
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from tests.conftest import files_of
from tests.search.cli.test_cli import wrong
from tests.unprivileged import unprivileged
from valp.search.cli.status_command import _looks, _watch
from valp.search.cli.status_lines import status_lines
from valp.search.run.folder import Folder
from valp.search.run.lock import locked
from valp.search.run.run_status import open_to_watch, status_of
from valp.search.run.session_record import SESSION, CurrentJob, RecentEnd, SessionError, read_session


def record(runs, **values):
    """Writes another record of the last session of `small`."""
    path = runs / "small"
    (path / SESSION).write_text(read_session(path).model_copy(update=values).model_dump_json())


def lines(runs, **changes):
    """The lines of a status, some of whose attributes are changed."""
    return status_lines(replace(status_of(open_to_watch(runs, "small")), **changes))


def test_a_finished_search_is_told_in_lines_that_agree_with_the_document(valp, small_runs):
    outcome = valp("status", "small", "--runs", small_runs)
    assert (outcome.code, outcome.err) == (0, "")
    document = valp("status", "small", "--runs", small_runs, "--json").json
    first, candidates, *rest = outcome.out.splitlines()
    assert first.startswith("small: finished at ")
    assert candidates == "  candidates  4 of 4 have ended: 4 complete, 0 stopped early, 0 failed"
    for name, best in document["best"].items():
        (told,) = [line for line in rest if re.search(rf"\b{name} \d", line)]
        assert f"(candidate {best['candidate']})" in told
        assert f"({document['baselines']['best'][name]['baseline']})" in told
    assert f"  baselines   quick: {document['baselines']['finished']} finished" in rest


def test_a_running_search_is_told_with_its_workers_its_rate_and_its_errors(runs_copy):
    now = datetime.now(UTC)
    jobs = (
        CurrentJob(title="candidate 9", candidate=9, parents=(3, 1), attempt=2, since=now - timedelta(seconds=30)),
        CurrentJob(title="single-task digit, tuned 1", since=now - timedelta(minutes=5)),
    )
    ends = (RecentEnd(at=now, samples=3000), RecentEnd(at=now, samples=3000))
    record(
        runs_copy, began=now - timedelta(minutes=10), ended=None, reason=None, candidates=24, workers=2, jobs=jobs,
        baselines_waiting=3, candidates_since=now - timedelta(minutes=2), recent=ends, host="here", process=77,
        deadline=now + timedelta(days=2), last_error=SessionError(at=now, text="candidate 9 is tried again: it died"),
    )  # fmt: skip
    told = lines(runs_copy, state="running", now=now)
    assert re.fullmatch(r"small: running for 10 min, since .*\d\d:\d\d:\d\d", told[0])
    assert re.fullmatch(r"  driver      process 77 on here, 2 workers, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", told[1])
    assert told[2] == "  candidates  4 of 24 have ended: 4 complete, 0 stopped early, 0 failed"
    assert told[3] == "  rate        1 candidates and 3,000 samples a minute; about 20 min left"
    assert told[4] == "  now         candidate 9 from 3 and 1, attempt 2, for 30 s"
    assert told[5] == "              single-task digit, tuned 1, for 5 min"
    assert any(re.match(r"  baselines   quick: \d+ finished, 3 waiting", line) for line in told)
    assert re.fullmatch(r"  last error  .*\d\d:\d\d:\d\d  candidate 9 is tried again: it died", told[-1])


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"reason": "deadline"}, r"interrupted: no driver is running; its time was over at .*\d"),
        ({"reason": "interrupted", "message": "SIGTERM"}, r"interrupted: no driver is running; SIGTERM ended it at .*"),
        ({"reason": "error", "message": "full"}, r"interrupted: no driver is running; an error ended it at .*: full"),
        ({"reason": None, "ended": None}, r"interrupted: no driver is running; the last one was killed at .* or later"),
        ({"candidates": 9}, r"interrupted: no driver is running; the last one .* but the ledger lacks candidates"),
    ],
)
def test_the_first_line_says_why_no_driver_is_running(values, sentence, runs_copy):
    record(runs_copy, **values)
    assert re.fullmatch(f"small: {sentence}", lines(runs_copy)[0])


def test_a_preparation_and_an_idle_search_are_told(runs_copy):
    record(runs_copy, ended=None, reason=None, preparing="training a judge")
    assert "  now         training a judge" in lines(runs_copy, state="running")
    record(runs_copy, preparing=None)
    assert "  now         nothing is being trained" in lines(runs_copy, state="running")


def test_without_a_record_the_number_of_wanted_candidates_is_not_told(valp, runs_copy):
    (runs_copy / "small" / SESSION).unlink()
    first, candidates, *_ = valp("status", "small", "--runs", runs_copy).out.splitlines()
    assert first == "small: no driver is running"
    assert candidates.startswith("  candidates  4 have ended: ")


def test_a_search_without_baselines_does_not_count_them(valp, runs_copy):
    settings = runs_copy / "small" / "run.toml"
    settings.write_text(settings.read_text().replace('baselines = "quick"', 'baselines = "none"'))
    assert "  baselines   none" in valp("status", "small", "--runs", runs_copy).out.splitlines()


def test_a_locked_run_is_told(valp, runs_copy):
    with locked(Folder(runs_copy / "small")):
        assert valp("status", "small", "--runs", runs_copy).out.startswith("small: locked by a command: ")


def test_watching_a_search_that_has_ended_shows_it_once(valp, small_runs):
    outcome = valp("status", "small", "--watch", "--runs", small_runs)
    assert outcome.code == 0
    assert outcome.out.count("small: finished") == 1


def test_watching_ends_when_no_driver_is_running_any_more(runs_copy, monkeypatch):
    waits = []
    lock = locked(Folder(runs_copy / "small"))
    lock.__enter__()

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            lock.__exit__(None, None, None)

    monkeypatch.setattr(time, "sleep", sleep)
    states = [look.state for look in _looks(runs_copy, "small", 2.0)]
    assert states == ["locked"] * 3 + ["finished"]
    assert waits == [2.0] * 3


def test_a_terminal_is_redrawn_in_place(small_runs, monkeypatch):
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=60, height=30)
    monkeypatch.setattr("rich.console.Console", lambda **_: console)
    look = status_of(open_to_watch(small_runs, "small"))
    _watch(iter([look, look]))
    assert "\x1b[1A" in written.getvalue()  # the cursor moves up
    assert written.getvalue().count("small: finished") >= 2


def test_json_cannot_be_watched(valp, small_runs):
    outcome = valp("status", "small", "--watch", "--json", "--runs", small_runs)
    assert outcome.code == 2
    assert "--json prints one document" in outcome.err


def test_a_run_that_does_not_exist_is_one_sentence(valp, small_runs):
    assert wrong(valp("status", "none", "--runs", small_runs)).startswith("there is no run 'none' in ")
    assert wrong(valp("status", "x" * 300, "--runs", small_runs))


def test_a_look_writes_nothing_even_into_a_read_only_folder(valp, runs_copy):
    before = files_of(runs_copy)
    folders = [runs_copy, *(path for path in runs_copy.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        with unprivileged():
            outcome = valp("status", "small", "--runs", runs_copy, "--json")
    finally:
        for path in folders:
            path.chmod(0o755)
    assert (outcome.code, outcome.json["state"]) == (0, "finished")
    assert files_of(runs_copy) == before
