"""`valp search --log-json`."""

import json
import subprocess
import sys

import pytest

from tests.search.cli.test_cli import wrong

pytestmark = pytest.mark.usefixtures("narrow")


def search(runs, *more):
    settings = ("--candidates", 2, "--steps", 5, "--workers", 0, "--baselines", "none", "--objective", "accuracy")
    return ("search", "digits", "--name", "l", "--runs", runs, *settings, *more)


def test_a_search_appends_its_events_to_a_file_and_shows_its_progress(valp, tmp_path):
    log = tmp_path / "log.jsonl"
    outcome = valp(*search(tmp_path, "--log-json", log))
    assert outcome.code == 0, outcome.err
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines if line["event"].startswith("search")] == ["search_began", "search_ended"]
    assert sum(line["event"] == "candidate_ended" for line in lines) == 2
    assert "[2/2] candidate 1: accuracy" in outcome.err
    again = valp(*search(tmp_path, "--log-json", log))
    assert again.code == 0
    more = [json.loads(line) for line in log.read_text().splitlines()][len(lines) :]
    assert [line["event"] for line in more] == ["search_began", "search_ended"]


def test_with_a_dash_stderr_has_only_lines_of_json_and_stdout_only_the_result(valp, tmp_path):
    outcome = valp(*search(tmp_path, "--log-json", "-", "--json"))
    assert outcome.code == 0
    lines = [json.loads(line) for line in outcome.err.splitlines()]
    assert lines[-1]["event"] == "search_ended"
    assert sum(line["event"] == "candidate_ended" for line in lines) == 2
    assert {candidate["number"] for candidate in outcome.json} <= {0, 1}


def test_a_log_that_cannot_be_opened_is_refused_before_the_search_begins(valp, tmp_path):
    sentence = wrong(valp(*search(tmp_path / "runs", "--log-json", tmp_path / "none" / "log")))
    assert sentence.endswith("log cannot be written: No such file or directory")
    assert not (tmp_path / "runs").exists()


@pytest.mark.heavy
def test_a_reader_of_the_log_that_ends_early_does_not_end_the_search(tmp_path):
    """As in `valp search … --log-json >(head -1)`."""
    words = [str(word) for word in search(tmp_path, "--log-json", "/dev/fd/{}")]
    program = f"""
import os, sys
from valp.search.cli import main
reading, writing = os.pipe()
os.set_inheritable(writing, True)
sys.argv = ["valp", *{words!r}]
sys.argv[-1] = sys.argv[-1].format(writing)
os.close(reading)
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "the log cannot be written, so it lacks events: Broken pipe" in done.stderr
    assert "[2/2] candidate 1" in done.stderr
