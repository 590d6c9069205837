"""Commands whose temporary folder is on a full disk."""

import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.heavy

PROGRAM = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]  # found to be writable before the disk was full
sys.argv[:2] = ["valp"]
from valp.search.cli import main
main()
"""


@pytest.fixture
def valp_on_a_full_disk(tmp_path):
    """Runs a command in a process whose temporary folder is a file system without room for a file."""
    full = tmp_path / "full"
    full.mkdir()
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mounting = f"mount -t tmpfs -o size=4k,nr_inodes=1 none {full} && "
    if shutil.which("unshare") is None or subprocess.run([*alone, f"{mounting} true"], capture_output=True).returncode:
        pytest.skip("this needs Linux and the right to mount a file system in a namespace")

    def call(*words):
        program = [sys.executable, "-c", PROGRAM, str(full), *map(str, words)]
        running = [*alone, f'{mounting} exec "$@"', "sh", *program]
        return subprocess.run(running, capture_output=True, text=True, timeout=600, cwd=tmp_path)

    return call


def test_a_command_that_needs_a_temporary_folder_says_what_to_do(valp_on_a_full_disk, small_runs):
    done = valp_on_a_full_disk("dashboard", "small", "--no-browser", "--port", 0, "--runs", small_runs)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]  # without room, Graphviz's warnings about fonts are seen before
    assert last.startswith("valp: a temporary folder cannot be written: No space left on device; make room, or set TMP")


def test_a_picture_is_drawn_although_the_temporary_folder_is_full(valp_on_a_full_disk, small_run, tmp_path):
    document = small_run.folder.candidate(0) / "candidate.json"
    done = valp_on_a_full_disk("draw", document, "-o", tmp_path / "graph.svg")
    assert done.returncode == 0, done.stderr
    assert "</svg>" in (tmp_path / "graph.svg").read_text()


@pytest.mark.slow
def test_a_search_with_workers_ends_with_one_sentence_and_goes_on_later(valp_on_a_full_disk, tmp_path):
    words = ("search", "digits", "--name", "s", "--runs", tmp_path, "--candidates", 1, "--steps", 5, "--workers", 1)
    done = valp_on_a_full_disk(*words, "--baselines", "none")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "valp: a temporary folder cannot be written: No space left on device"
    )
    assert "Traceback" not in done.stderr
    later = subprocess.run(
        [sys.executable, "-c", "from valp.search.cli import main; main()", *map(str, words), "--baselines", "none"],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert later.returncode == 0, later.stderr
    assert "[1/1] candidate 0: " in later.stderr
