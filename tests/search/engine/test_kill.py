"""A killed driver leaves no process behind, and the same command resumes the search."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.conftest import files_of
from valp.search.engine.ray.reaper import MARK
from valp.search.run.run import open_run
from valp.search.run.trial_record import RECORD
from valp.search.strategies import STRATEGIES

pytestmark = pytest.mark.heavy

CANDIDATES = 12
"""So many that the search has not ended when `valp status` has started and told what it does."""

STEPS = 800
PATIENCE = 240
"""Seconds that a search may take on a busy machine."""


def command(runs):
    settings = ["--candidates", str(CANDIDATES), "--steps", str(STEPS), "--workers", "2"]
    return [sys.executable, "-c", "from valp.search.cli import main; main()", "search", "digits", "--name", "k",
            "--runs", str(runs), *settings]  # fmt: skip


def run(runs):
    return subprocess.run(command(runs), capture_output=True, text=True, timeout=PATIENCE)


def look(runs):
    """The document of `valp status`, in a process of its own."""
    words = ["status", "k", "--json", "--runs", str(runs)]
    program = [sys.executable, "-c", "from valp.search.cli import main; main()"]
    return json.loads(subprocess.run([*program, *words], capture_output=True, check=True, timeout=PATIENCE).stdout)


def finished(runs):
    """The numbers of the candidates with complete folders."""
    return {int(file.parent.name) for file in (runs / "k" / "candidates").glob("[0-9]*/scores.json")}


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def environment(process):
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run whose driver was killed during the search, and what was observed before and after."""
    runs = tmp_path_factory.mktemp("killed")
    driver = subprocess.Popen(
        command(runs), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    family = []
    try:
        assert wait_until((runs / "k" / "run.toml").exists, PATIENCE)
        second = run(runs)
        assert wait_until(lambda: len(finished(runs)) >= 2 or driver.poll() is not None, PATIENCE)
        assert driver.poll() is None
        family = psutil.Process(driver.pid).children(recursive=True)
        running = look(runs)
        marks = {environment(process).get(MARK) for process in family} - {None}
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        gone = wait_until(lambda: not any(map(alive, family)), 15)
        seen = {
            "family": [process for process in family if alive(process)],
            "count": len(family),
            "gone": gone,
            "marks": marks,
            "running": running,
            "after": look(runs),
            "second": second,
            "before": files_of(runs / "k" / "candidates"),
            "finished": finished(runs),
        }
        yield runs, seen
    finally:
        for process in [*family, psutil.Process(driver.pid) if driver.poll() is None else None]:
            if process is not None and alive(process):
                process.kill()


@pytest.fixture(scope="module")
def resumed(killed):
    runs, seen = killed
    return runs, seen, run(runs)


def test_a_second_driver_is_refused_while_the_first_is_at_work(killed):
    second = killed[1]["second"]
    assert second.returncode == 1
    assert second.stderr == "valp: run 'k' is being searched by another process\n"
    assert second.stdout == ""


def test_the_status_of_a_running_search_names_its_driver_and_what_its_workers_train(killed):
    running = killed[1]["running"]
    assert running["state"] == "running"
    assert running["session"]["workers"] == 2
    assert running["candidates"]["total"] == CANDIDATES
    assert running["candidates"]["complete"] >= 1
    assert 1 <= len(running["jobs"]) <= 2
    assert all(job["seconds"] < PATIENCE for job in running["jobs"])
    assert running["candidates_per_minute"] > 0
    assert running["seconds_left"] > 0


def test_the_status_after_a_kill_says_that_no_driver_is_running(killed):
    after = killed[1]["after"]
    assert (after["state"], after["reason"], after["jobs"]) == ("interrupted", "killed", [])
    assert after["candidates"]["unfinished"] >= 1
    assert after["session"]["process"] == killed[1]["running"]["session"]["process"]


def test_the_status_of_the_resumed_search_is_finished(resumed):
    document = look(resumed[0])
    assert (document["state"], document["candidates"]["complete"]) == ("finished", CANDIDATES)


def test_a_killed_driver_leaves_no_process(killed):
    seen = killed[1]
    assert seen["count"] >= 4  # the reaper, and Ray's
    assert seen["gone"], seen["family"]


def test_no_process_with_the_mark_of_a_killed_driver_is_left(killed):
    marks = killed[1]["marks"]
    assert len(marks) == 1
    left = [p for p in psutil.process_iter() if environment(p).get(MARK) in marks and p.pid != os.getpid()]
    assert left == []


def test_a_killed_search_has_only_complete_folders(killed):
    runs, seen = killed
    assert 2 <= len(seen["finished"]) < CANDIDATES
    for number in seen["finished"]:
        files = {path.name for path in (runs / "k" / "candidates" / str(number)).iterdir()}
        assert {"candidate.json", "scores.json", "curves.csv"} <= files


def test_the_same_command_again_reaches_the_number_of_candidates(resumed):
    runs, _, again = resumed
    assert again.returncode == 0, again.stderr
    entries = open_run(runs, "k").ledger.entries()
    assert [entry.number for entry in entries] == list(range(CANDIDATES))
    assert {entry.state for entry in entries} == {"complete"}
    assert finished(runs) == set(range(CANDIDATES))


def test_finished_candidates_are_not_run_again_and_their_files_stay(resumed):
    runs, seen, _ = resumed
    after = files_of(runs / "k" / "candidates")
    folders = {str(number) for number in seen["finished"]}  # beside those that are half written
    kept = {name for name in seen["before"] if name.split(os.sep)[0] in folders and "weights" not in name}
    assert len(kept) >= 6
    changed = [name for name in kept if after[name] != seen["before"][name]]
    # killed between the record in the folder and that in the ledger: recorded again, with another time
    assert {os.path.basename(name) for name in changed} <= {RECORD}
    assert len(changed) <= 2
    for name in changed:
        first, second = (json.loads(files[name][0]) for files in (seen["before"], after))
        assert first | {"ended": None} == second | {"ended": None}


def test_only_unfinished_candidates_are_reported_again(resumed):
    _, seen, again = resumed
    ended = [line for line in again.stderr.splitlines() if line.startswith("[")]
    numbers = [int(line.split("candidate ")[1].split(":")[0].split()[0]) for line in ended]
    assert sorted(numbers) == sorted(set(range(CANDIDATES)) - seen["finished"])


def test_the_weights_of_the_front_and_of_possible_parents_are_kept_and_no_others(resumed):
    runs, _, _ = resumed
    run = open_run(runs, "k")
    wanted = {entry.number for entry in run.front()} | STRATEGIES[run.settings.strategy].keeps(run.ledger)
    kept = {int(file.parent.name) for file in (runs / "k" / "candidates").glob("[0-9]*/weights.safetensors")}
    assert kept == wanted
