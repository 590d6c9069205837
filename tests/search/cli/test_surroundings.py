"""Commands whose surroundings are not as they expect: each ends in one sentence."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.search.cli.test_cli import wrong
from tests.unprivileged import unprivileged
from valp.errors import SearchError
from valp.search.cli.signals import SIGNALS, SignalError, ending_at_signals
from valp.search.engine.driver import Driver
from valp.search.engine.ray.session import ray_for
from valp.search.run.folder import Folder
from valp.search.show.display import LineDisplay

LONG = "x" * 300

LOOKING = [("best", "small"), ("best", "small", "--json"), ("list",), ("status", "small"), ("show", "small", "0")]
"""Commands that only read a run."""


@pytest.fixture
def damaged(runs_copy):
    """A folder with the run `small` and three damaged runs."""
    for name in ("broken", "future", "lost"):
        shutil.copytree(runs_copy / "small", runs_copy / name)
    (runs_copy / "broken" / "run.toml").write_bytes(b"\xff")
    settings = runs_copy / "future" / "run.toml"
    settings.write_text(settings.read_text().replace('"accuracy"', '"beauty"'))
    (runs_copy / "lost" / "study.db").unlink()
    return runs_copy


def test_the_list_of_runs_leaves_out_damaged_ones_and_says_why(valp, damaged):
    outcome = valp("list", "--runs", damaged, "--json")
    assert outcome.code == 0
    assert [row["name"] for row in outcome.json] == ["small"]
    broken, future, lost = outcome.err.splitlines()
    assert "broken" in broken
    assert "is damaged" in broken
    assert "run 'future' optimises 'beauty', which is not a score of this installation" in future
    assert "there is no ledger at" in lost
    assert all(line.startswith("left out: ") for line in (broken, future, lost))
    table = valp("list", "--runs", damaged)
    assert (table.code, table.err) == (0, outcome.err)
    assert "small" in table.out


def test_a_list_of_only_damaged_runs_is_an_error(valp, damaged):
    shutil.rmtree(damaged / "small")
    sentence = wrong(valp("list", "--runs", damaged, "--json"))
    assert sentence.startswith(f"no run in {damaged} can be read: ")
    assert sentence.endswith("(and 2 more)")


@pytest.mark.parametrize(
    "words",
    [
        ("best", LONG),
        ("status", LONG),
        ("show", LONG),
        ("report", LONG),
        ("clean", LONG),
        ("dashboard", LONG, "--no-browser"),
        ("export", LONG, "-o", "x.valp"),
        ("export", "small", "-o", f"{LONG}.valp"),
        ("score", LONG),
        ("check", LONG),
        ("draw", LONG, "-o", "x.svg"),
        ("search", "digits", "--name", LONG),
        ("search", f"{LONG}.toml"),
        ("problems", "--new", f"{LONG}.csv"),
    ],
)
def test_names_that_are_too_long_are_refused_in_one_sentence(words, valp, small_runs):
    here = () if words[0] in ("check", "score", "draw", "problems") else ("--runs", small_runs)
    outcome = valp(*words, *here)
    if words[:2] == ("export", "small"):  # a line before says which candidate is exported
        outcome = outcome._replace(err=outcome.err.splitlines(keepends=True)[-1])
    wrong(outcome)


@pytest.mark.parametrize(
    "words",
    [
        ("search", "digits", "--name", "new", "--workers", "0"),
        ("search", "digits", "--name", "small", "--workers", "0", "--candidates", "9"),
        ("clean", "small", "--yes"),
        ("clean", "small", "--all", "--yes"),
        ("report", "small"),
    ],
)
def test_a_read_only_folder_is_refused_in_one_sentence_by_commands_that_write(words, valp, runs_copy):
    folders = [runs_copy, *(path for path in runs_copy.rglob("*") if path.is_dir())]
    files = [path for path in runs_copy.rglob("*") if path.is_file()]
    for path in [*folders, *files]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with unprivileged():
            sentence = wrong(valp(*words, "--runs", runs_copy))
        assert str(runs_copy) in sentence
    finally:
        for path in folders:
            path.chmod(0o755)


@pytest.mark.parametrize("words", LOOKING)
def test_a_full_stdout_is_one_sentence(words, valp, small_runs, monkeypatch, tmp_path):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        outcome = valp(*words, "--runs", small_runs)
    assert outcome.code == 1
    assert outcome.err == "valp: stdout cannot be read or written: No space left on device\n"


def test_progress_that_cannot_be_written_does_not_end_a_search(monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        LineDisplay().say("lost")
        with pytest.raises(OSError, match="No space left"):
            full.flush()  # it was really tried
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


def test_a_reader_of_the_progress_that_has_enough_ends_a_search(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as broken:
        monkeypatch.setattr(sys, "stderr", broken)
        with pytest.raises(BrokenPipeError):
            LineDisplay().say("lost")
        os.dup2(os.open(os.devnull, os.O_WRONLY), broken.fileno())


@pytest.mark.heavy
def test_a_search_whose_stderr_is_on_a_full_disk_completes_with_its_result_on_stdout(tmp_path):
    words = ["search", "digits", "--name", "f", "--runs", str(tmp_path), "--candidates", "1", "--steps", "5"]
    program = "from valp.search.cli import main; main()"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program, *words, "--workers", "0", "--baselines", "none", "--json"],
            stdout=subprocess.PIPE, stderr=full, text=True, timeout=600,
        )  # fmt: skip
    assert done.returncode == 0
    assert [candidate["number"] for candidate in json.loads(done.stdout)] == [0]


@pytest.mark.parametrize("words", LOOKING)
def test_a_terminal_that_only_has_ascii_gets_all_commands_output(words, valp, small_runs, monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    outcome = valp(*words, "--runs", small_runs)
    assert (outcome.code, outcome.err) in ((0, ""), (0, "candidate 0 of small: the best compromise\n"))
    assert len(written.getvalue()) > 100


@pytest.fixture(autouse=True)
def usual_signals():
    """Signals end a process, as they do unless it was started with `nohup`."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_block_once_and_the_next_one_does_not_disturb_its_end(number):
    def end():
        with ending_at_signals():
            try:
                signal.raise_signal(number)
            finally:
                for other in SIGNALS:
                    signal.raise_signal(other)

    with pytest.raises(SignalError) as ended:
        end()
    assert ended.value.number == number
    assert {signal.getsignal(other) for other in SIGNALS} == {signal.SIG_DFL}


def test_a_signal_that_is_ignored_stays_so():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with ending_at_signals():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_search_that_gets_a_signal_says_that_it_stopped_and_goes_on_later(number, code, valp, tmp_path, monkeypatch):
    told = Driver.end

    def ending(self, job, failure=None):
        told(self, job, failure)
        if job.number == 0:
            os.kill(os.getpid(), number)

    words = ("search", "digits", "--name", "s", "--workers", 0, "--steps", 5, "--runs", tmp_path, "--candidates", 3)
    with monkeypatch.context() as patch:
        patch.setattr(Driver, "end", ending)
        outcome = valp(*words)
    assert outcome.code == code
    assert outcome.err.splitlines()[-1] == "valp: stopped; finished work is kept"
    assert Folder(tmp_path / "s").candidate(0).is_dir()
    assert not Folder(tmp_path / "s").candidate(1).exists()
    again = valp(*words, "--json")
    assert again.code == 0
    assert valp("list", "--runs", tmp_path, "--json").json[0]["complete"] == 3


@pytest.mark.heavy
def test_the_handler_of_a_signal_is_kept_while_ray_runs_and_afterwards():
    with pytest.raises(SignalError), ending_at_signals(), ray_for(1, 0):
        signal.raise_signal(signal.SIGTERM)
    with ray_for(1, 0):
        pass
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.heavy
def test_ray_that_cannot_start_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_TMPDIR", "/dev/null/ray")
    sentence = r"Ray cannot start: .*; with 0 workers a search needs no Ray"
    with pytest.raises(SearchError, match=sentence) as refused, ray_for(1, 0):
        pass
    assert "\n" not in str(refused.value)
