"""The dashboard of a run, in a real browser, while another process searches it."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import files_of
from tests.search.chromium import browser
from valp.search.run.run import open_run

pytestmark = pytest.mark.heavy

VALP = [sys.executable, "-c", "from valp.search.cli import main; main()"]
ROOT = Path(__file__).parents[4]
CANDIDATES, STEPS = 10, 800
PATIENCE = 120
"""Seconds to wait on a busy machine."""


def start(*words, **options):
    """Starts a command that reacts to Ctrl-C, even if the tests run in the background of a shell and ignore it."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen([*VALP, *map(str, words)], text=True, preexec_fn=heeding, **pipes, **options)


def finished(runs):
    return sorted(int(file.parent.name) for file in (runs / "live" / "candidates").glob("[0-9]*/scores.json"))


def wait_for(condition, *processes):
    """Waits until a condition holds; fails if a process ends before."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        assert all(process.poll() is None for process in processes)
        time.sleep(0.1)


def opened(process):
    """The address that a dashboard prints."""
    said = process.stdout.readline()
    found = re.search(r"http://\S+", said)
    assert found, process.communicate()[1]
    return found[0]


def interrupted(process):
    """What a process prints on Ctrl-C, and its exit code."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def asked(address, method):
    """The HTTP status of the answer to a request."""
    try:
        return urllib.request.urlopen(urllib.request.Request(address, method=method)).status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What a user sees of a search in the browser and on the terminal, from its first candidate to its end."""
    runs = tmp_path_factory.mktemp("live")
    with browser() as chromium:
        words = ("--candidates", CANDIDATES, "--steps", STEPS, "--workers", 1, "--strategy", "random", "--runs", runs)
        search = start("search", "digits", "--name", "live", *words)
        dashboard = None
        try:
            wait_for((runs / "live" / "study.db").exists, search)
            dashboard = start("dashboard", "live", "--port", 0, "--no-browser", "--runs", runs)
            address = opened(dashboard)
            server = address.split("/dashboard")[0]
            wait_for(lambda: len(finished(runs)) >= 1, search, dashboard)
            first = finished(runs)[0]
            page, faults, foreign = chromium.new_page(), [], []
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("request", lambda request: foreign.append(request.url))
            page.goto(f"{address}/trials?numbers={first}")
            page.get_by_text(f"Candidate {first} of live: complete").wait_for(timeout=PATIENCE * 1000)
            picture = page.get_by_role("img", name="graph.svg").first
            picture.wait_for(timeout=PATIENCE * 1000)
            page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
            result = {
                "first": first,
                "note": page.locator("body").inner_text(),
                "width": picture.evaluate("image => image.naturalWidth"),
                "refused": [asked(f"{server}/api/studies/1", method) for method in ("DELETE", "POST", "PUT")],
                "listed": subprocess.run([*VALP, "best", "live", "--json", "--runs", str(runs)], capture_output=True),
                "running": search.poll() is None,
                "faults": faults,
                "foreign": [url for url in foreign if not url.startswith((server, "data:", "blob:"))],
            }
            _, result["search_said"] = search.communicate(timeout=2 * PATIENCE)
            page.goto(f"{address}/trials?numbers={CANDIDATES - 1}")
            page.get_by_text(f"Candidate {CANDIDATES - 1} of live: complete").wait_for(timeout=PATIENCE * 1000)
            result["ended"] = interrupted(dashboard)
            yield runs, search, result
        finally:
            for process in (search, dashboard):
                if process is not None and process.poll() is None:
                    process.kill()
                    process.communicate()


def test_a_trial_shows_its_graph_and_its_note_while_the_search_runs(seen):
    runs, _, result = seen
    first = result["first"]
    assert result["running"]
    assert result["width"] > 100
    assert f"valp show live {first} --runs {runs}" in result["note"]
    assert re.search(rf"valp (export live {first}|train --from live {first}) -o digits\.valp", result["note"])
    assert "accuracy ↑" in result["note"]
    assert "best baseline" in result["note"]


def test_the_page_has_no_errors_and_asks_no_other_host(seen):
    assert seen[2]["faults"] == []
    assert seen[2]["foreign"] == []


def test_while_the_search_runs_its_front_is_listed_by_another_process(seen):
    listed = seen[2]["listed"]
    assert listed.returncode == 0, listed.stderr
    assert {"number", "scores", "parameters", "key"} <= json.loads(listed.stdout)[0].keys()


def test_requests_that_would_change_the_run_are_refused(seen):
    assert seen[2]["refused"] == [405, 405, 405]


def test_the_search_completes_while_it_is_watched(seen):
    runs, search, result = seen
    assert search.returncode == 0, result["search_said"]
    entries = open_run(runs, "live").ledger.entries()
    assert [entry.state for entry in entries] == ["complete"] * CANDIDATES
    assert finished(runs) == list(range(CANDIDATES))


def test_ctrl_c_ends_the_dashboard_with_one_line_and_no_error(seen):
    assert seen[2]["ended"] == (0, "the dashboard is closed\n")


FIRST_PICTURE = """
import sys
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

from valp.search.show.dashboard.server import dashboard
from valp.search.run.run import open_run
from tests.stderr import targets_during

runs, pictures = Path(sys.argv[1]), []
with dashboard(open_run(runs, "small"), runs, 0, print) as server:
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/artifacts/1/1/0-0"
    print(targets_during(lambda: pictures.append(urlopen(address).read())))
assert b"<svg" in pictures[0]
"""


def test_messages_on_stderr_are_not_lost_while_the_dashboard_draws(small_runs):
    words = [sys.executable, "-c", FIRST_PICTURE, str(small_runs)]
    outcome = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT)
    assert (outcome.stdout, outcome.stderr) == ("1\n", "")


def test_a_port_in_use_is_refused_in_one_sentence(small_runs, valp):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = valp("dashboard", "small", "--no-browser", "--port", port, "--runs", small_runs)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == f"valp: port {port} is in use: give another with --port\n"


@pytest.mark.parametrize("port", [-1, 65536])
def test_an_impossible_port_is_refused_in_one_sentence(port, small_runs, valp):
    outcome = valp("dashboard", "small", "--no-browser", "--port", port, "--runs", small_runs)
    assert outcome.err == f"valp: a port must be a number from 0 to 65535, but is {port}\n"


def test_a_missing_run_is_refused_in_one_sentence_and_nothing_is_written(small_runs, valp):
    before = files_of(small_runs)
    outcome = valp("dashboard", "large", "--runs", small_runs)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("valp: there is no run 'large' in ")
    assert files_of(small_runs) == before
