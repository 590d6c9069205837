"""The campaigns of kills and of instantaneous candidates, at a small scale."""

import random

import pytest

from benchmarks import kills, overhead
from benchmarks.kills import IS, Search, disturb, faults
from valp.search.engine import evaluate
from valp.search.engine.local import train_locally
from valp.spaces.generate.space import SPACES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_the_processes_of_a_search_are_told_apart_by_their_command_lines():
    lines = {
        "worker": "ray::IDLE",
        "node": "/env/site-packages/ray/core/src/ray/raylet/raylet --raylet_socket_name=/tmp/ray/session/raylet",
        "reaper": "/env/bin/python -m valp.search.engine.ray.reaper 42 mark",
        "agent": "ray::DashboardAgent",
        "monitor": "/env/bin/python /env/site-packages/ray/dashboard/dashboard.py --raylet=/tmp/raylet",
    }
    for sort, known in IS.items():
        assert [name for name, line in lines.items() if known(line)] == [sort]


def test_a_search_that_is_killed_four_times_has_no_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(kills, "SPREAD", 8.0)
    search = Search(tmp_path, "killed", candidates=30, steps=300, workers=2, seed=0)
    seen = disturb(search, 4, random.Random(0))
    assert seen.kills == dict.fromkeys(kills.VICTIMS, 1)
    assert seen.starts == 3
    found = faults(search, seen)
    del found["drivers that hung"]  # Ray waits longer if its node process dies while it starts
    assert found == dict.fromkeys(found, 0)


def test_a_fault_is_counted(tmp_path):
    search = Search(tmp_path, "killed", candidates=2, steps=10, workers=0, seed=0)
    assert search.start().wait() == 0
    seen = kills.Seen(starts=1)
    before = search.finished()
    kills._look(search, seen, before)
    assert not any(faults(search, seen).values())
    scores = tmp_path / "killed" / "candidates" / "1" / "scores.json"
    scores.write_text(scores.read_text() + " ")
    search.log.write_text(search.log.read_text() * 2)
    kills._look(search, seen, before)
    found = faults(Search(tmp_path, "killed", candidates=3, steps=10, workers=0, seed=0), seen)
    assert found["finished candidates changed or lost"] == 1
    assert found["recorded twice"] == 2
    assert found["missing or too many"] == 1


def test_instantaneous_candidates_fill_a_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(SPACES, "default", SPACES["default"])  # both are put back at the end
    monkeypatch.setattr(train_locally, "Evaluation", evaluate.Evaluation)
    overhead.main(["--candidates", "8", "20", "--runs", str(tmp_path)])
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split("|")[1].strip() for row in rows] == ["8", "20"]
    assert all(float(cell) > 0 for row in rows for cell in row.split("|")[2:-1])
