"""Disks of 50 MB that are full in the middle of a search: it stops with a sentence or goes on, and loses nothing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.search.engine.full_disk_session import BEFORE_IT_IS_FULL, CANDIDATES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1000)]

ROOT = Path(__file__).parents[3]
ALONE = ["unshare", "--user", "--map-root-user", "--mount"]


def session(folder, what):
    """What the two commands did."""
    trial = [*ALONE, "mount", "-t", "tmpfs", "none", str(folder)]
    if shutil.which("unshare") is None or subprocess.run(trial, capture_output=True).returncode:
        pytest.skip("this needs Linux and the right to mount a file system in a namespace")
    words = [*ALONE, sys.executable, "-m", "tests.search.engine.full_disk_session", str(folder), what]
    environment = {name: value for name, value in os.environ.items() if name != "VALP_RUNS"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("what", ["runs", "temp"])
def test_a_full_disk_costs_no_finished_candidate(what, tmp_path):
    told = session(tmp_path, what)
    first = told["errors"][0]
    assert "Traceback" not in first
    if what == "runs":
        assert told["codes"] == [1, 0], told["errors"]
        assert "No space left on device" in first.splitlines()[-1]
        assert len(told["before"]) < CANDIDATES
        assert first.splitlines()[-1].startswith("valp: ")
    else:
        assert told["codes"] == [0, 0], told["errors"]
        assert "No space left on device" in first  # Ray's logs
    assert len(told["before"]) >= BEFORE_IT_IS_FULL
    assert told["changed"] == []
    assert told["after"] == sorted(str(number) for number in range(CANDIDATES))
    assert told["left"] == []
