"""Several drivers search one run, whose ledger is in a real PostgreSQL server."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.search.listener import Listener
from tests.search.postgres_server import PASSWORD
from valp.search.facade.launch import launch
from valp.search.run.folder import CANDIDATE, CURVES, SCORES
from valp.search.run.postgres import driver_tables, sign_of_life
from valp.search.run.run import open_run
from valp.search.run.trial_record import RECORD
from valp.search.strategies import STRATEGIES
from valp.spaces.problem.problem import Problem, numeric

pytestmark = pytest.mark.heavy  # drivers and a server in processes of their own

PATIENCE = 600
"""Seconds that a search may take on a busy machine."""

PROGRAM = """
import sys
from dataclasses import replace
import numpy as np
from valp.search.facade.launch import launch
from valp.search.run.postgres import driver_tables, sign_of_life
from valp.spaces.generate.space import DEFAULT, SPACES
from valp.spaces.problem.problem import Problem, numeric

SPACES["default"] = replace(DEFAULT, units=(2, 4))
runs, url, candidates, grace, *files = sys.argv[1:]
driver_tables.GRACE = sign_of_life.GRACE = float(grace)
x = np.linspace(-1, 1, 60)[:, None]
line = Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})
launch(line, name="r", runs=runs, candidates=int(candidates), steps=6, workers=0, strategy="evolution",
       baselines="quick", executor="torch", storage=url, files=files[0] if files else None)
"""


class Drivers:
    """Processes that search one run.

    With a store, each has a folder of runs of its own: `runs-0`, `runs-1`, ...
    """

    def __init__(self, runs, url, candidates, grace=driver_tables.GRACE, store=None):
        self.runs, self.store, self.words = runs, store, [url, str(candidates), str(grace)]
        self.started = []

    def folder(self, number):
        """The folder of runs of a driver."""
        return self.runs if self.store is None else self.runs.with_name(f"runs-{number}")

    def start(self, count):
        for _ in range(count):
            said = self.runs.with_name(f"said-{len(self.started)}")
            environment = os.environ | {"PGPASSWORD": PASSWORD}
            with said.open("w") as stderr:
                runs, files = self.folder(len(self.started)), [] if self.store is None else [self.store]
                command = [sys.executable, "-c", PROGRAM, str(runs), *self.words, *files]
                process = subprocess.Popen(command, stderr=stderr, stdout=stderr, env=environment)
            self.started.append((process, said))

    def wait(self):
        """The exit codes, when all have ended."""
        return [process.wait(PATIENCE) for process, _ in self.started]

    def ended(self):
        """The numbers of the candidates that each driver has trained, in order."""
        return [[int(n) for n in re.findall(r"^\[\d+/\d+\] candidate (\d+)", said.read_text(), re.MULTILINE)]
                for _, said in self.started]  # fmt: skip

    def said(self):
        return "\n".join(said.read_text() for _, said in self.started)

    def finished(self):
        """The numbers of the candidates with complete folders."""
        return {int(path.parent.name) for path in self.runs.glob(f"r/candidates/[0-9]*/{SCORES}")}

    def wait_for(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, self.said()
            assert any(process.poll() is None for process, _ in self.started), self.said()
            time.sleep(0.05)


@pytest.fixture
def drivers(tmp_path, database):
    made = []

    def make(candidates, **settings):
        made.append(Drivers(tmp_path / "runs", database, candidates, **settings))
        return made[-1]

    yield make
    for one in made:
        for process, _ in one.started:
            if process.poll() is None:
                process.kill()
                process.wait()


def is_whole(runs, count):
    """Each candidate once, each folder complete, and no weights but those that are needed."""
    run = open_run(runs, "r")
    entries = run.ledger.entries()
    assert [entry.number for entry in entries] == list(range(count))
    assert {entry.state for entry in entries} == {"complete"}
    assert sorted(entry.order for entry in entries) == list(range(count))
    folders = {path.name: path for path in (runs / "r" / "candidates").iterdir()}
    assert folders.keys() == {str(number) for number in range(count)}
    for entry in entries:
        path = folders[str(entry.number)]
        assert {CANDIDATE, SCORES, CURVES, RECORD} <= {file.name for file in path.iterdir()}
        assert json.loads((path / SCORES).read_text())["scores"] == entry.result.scores
        assert (path / CANDIDATE).read_text() == entry.candidate.model_dump_json(indent=1)
        # Not parent < number: a proposal that a killed driver has begun is made again by another one, later.
        assert all(entries[parent].order < entry.order for parent in entry.parents)
    wanted = {entry.number for entry in run.front()} | STRATEGIES["evolution"].keeps(run.ledger)
    assert {int(path.parent.name) for path in runs.glob("r/candidates/*/weights.safetensors")} == wanted
    assert set(run.ledger.baselines["y"]) == {"none", "linear", "network"}
    return entries


def test_two_drivers_share_a_run_and_one_takes_over_what_the_other_leaves_when_it_is_killed(drivers):
    pair = drivers(24, grace=4)
    pair.start(2)
    pair.wait_for(lambda: all(pair.ended()) and len(pair.finished()) >= 6)
    (killed, _), (other, _) = pair.started
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert other.wait(PATIENCE) == 0, pair.said()
    is_whole(pair.runs, 24)
    first, second = pair.ended()
    assert len(first) == len(set(first))
    assert len(second) == len(set(second))
    assert not set(first) & set(second)
    # A candidate may be recorded at the moment of the kill, before its driver has said so.
    assert len({*range(24)} - {*first, *second}) <= 1
    assert "trained from scratch" not in pair.said()
    assert pair.said().count("no learning: mse") == 2
    assert PASSWORD not in (pair.runs / "r" / "run.toml").read_text()


def test_a_driver_whose_candidate_was_taken_over_does_not_record_it_and_goes_on(
    database, postgres_server, tmp_path, narrow, monkeypatch
):
    monkeypatch.setattr(sign_of_life, "BEAT", 0.1)
    x, display, events = np.linspace(-1, 1, 60)[:, None], Listener(), []
    line = Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})

    def hear(event):
        events.append((event.name, event.fields.get("candidate")))
        if events[-1] == ("candidate_started", 1) and events.count(events[-1]) == 1:  # as others do with the dead
            postgres_server.sql("delete from valp_drivers", database.rpartition("/")[2])

    run = launch(
        line, name="r", runs=tmp_path, candidates=3, steps=6, workers=0, executor="torch", baselines="none",
        strategy="random", storage=database, display=display, listeners=[hear],
    ).stored  # fmt: skip
    assert ("unfinished", 1) in events
    lost = "the result of candidate 1 is not used: it is another driver's now, because this one had lost its connection"
    assert lost in display.lines
    assert [(entry.number, entry.state) for entry in run.ledger.entries()] == [(n, "complete") for n in range(3)]
    assert sorted(n for name, n in events if name == "candidate_ended") == [0, 1, 2]
    assert all((run.folder.candidate(number) / RECORD).is_file() for number in range(3))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_four_drivers_on_200_candidates_survive_a_restart_of_the_server(drivers, postgres_server):
    four = drivers(200)
    four.start(4)
    four.wait_for(lambda: len(four.finished()) >= 40 and all(four.ended()))
    postgres_server.stop("fast")
    time.sleep(3)
    postgres_server.start()
    four.wait_for(lambda: len(four.finished()) >= 100)
    postgres_server.stop("immediate")  # as if its machine had lost power
    postgres_server.start()
    assert four.wait() == [0] * 4, four.said()
    entries = is_whole(four.runs, 200)
    ended = [number for numbers in four.ended() for number in numbers]
    assert sorted(ended) == list(range(200))
    assert all(len(numbers) > 20 for numbers in four.ended())
    assert any(entry.parents for entry in entries)
    assert "trained from scratch" not in four.said()
    log = (postgres_server.folder / "log").read_text()
    assert "deadlock detected" not in log
