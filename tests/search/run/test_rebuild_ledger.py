"""A ledger that was lost is rebuilt from the candidates' folders, and nothing is overwritten."""

import shutil
import sqlite3

import numpy as np
import pytest

from tests.search.listener import Listener
from valp.errors import FileError
from valp.search.facade.launch import launch
from valp.search.run.run import open_run
from valp.spaces.problem.problem import Problem, numeric

FEW = {"evolution": 10, "tpe": 5}
"""The candidates of a run by strategy: enough for evolution to breed, and for halving to stop some."""


@pytest.fixture(scope="module")
def line():
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


def searched(problem, runs, strategy, more=0, **settings):
    asked = {"name": "r", "steps": 10, "workers": 0, "strategy": strategy, "baselines": "quick", "display": Listener()}
    asked |= {"halving": True, "steps": 150} if strategy == "tpe" else {}
    return launch(problem, runs=runs, candidates=FEW[strategy] + more, **{**asked, **settings}).stored


@pytest.fixture(scope="module", params=["evolution", "tpe"])
def some(request, line, tmp_path_factory):
    """A run with some of its candidates. Only read."""
    return searched(line, tmp_path_factory.mktemp("some"), request.param)


@pytest.fixture
def runs(some, tmp_path):
    """A copy of the folder of `some`."""
    return shutil.copytree(some.folder.path.parent, tmp_path / "runs")


def told(run):
    """What a ledger has of each candidate, in the order of finishing."""
    entries = sorted(run.ledger.entries(), key=lambda entry: (entry.ended, entry.number))
    return [(entry.number, entry.state, entry.candidate, entry.result) for entry in entries]


def scores_of(runs):
    """The contents and times of the results in the folders."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(runs.glob("r/*/*/scores.json"))}


def test_a_deleted_ledger_is_rebuilt_and_the_search_goes_on_as_if_nothing_had_happened(some, runs, line):
    before, display = scores_of(runs), Listener()
    (runs / "r" / "study.db").unlink()
    again = searched(line, runs, some.settings.strategy, display=display)
    assert (
        f"the ledger lacked {FEW[some.settings.strategy]} finished candidates, which were added from their folders"
        in display.lines
    )
    assert display.ended == []
    assert told(again) == told(some)
    assert scores_of(runs) == before
    assert [trial.params for trial in again.ledger.trials()] == [trial.params for trial in some.ledger.trials()]
    assert again.ledger.baselines["y"]["network"] == some.ledger.baselines["y"]["network"]

    other = shutil.copytree(some.folder.path.parent, runs.parent / "undisturbed")
    whole, more = (searched(line, place, some.settings.strategy, more=1) for place in (other, runs))
    assert [row[:3] for row in told(more)] == [row[:3] for row in told(whole)]
    assert {path: found for path, found in scores_of(runs).items() if path in before} == before


@pytest.mark.parametrize("damage", ["empty", "old"])
def test_an_empty_or_old_ledger_is_completed(damage, some, runs, line):
    before = scores_of(runs)
    database = runs / "r" / "study.db"
    if damage == "empty":
        database.write_bytes(b"")
    else:
        with sqlite3.connect(database) as opened:  # as it was after four candidates
            opened.execute("delete from trials where number >= 4")
            for table in ("params", "values", "user_attributes", "system_attributes"):
                opened.execute(f"delete from trial_{table} where trial_id not in (select trial_id from trials)")
        opened.close()
    again = searched(line, runs, some.settings.strategy)
    assert [row[:3] for row in told(again)] == [row[:3] for row in told(some)]
    assert scores_of(runs) == before


def test_a_candidate_that_an_old_ledger_has_as_running_is_not_trained_again_though_it_was_stopped(line, tmp_path):
    run = searched(line, tmp_path, "evolution", more=20, halving=True, steps=150)
    stopped = next(entry for entry in run.ledger.entries() if entry.state == "pruned")
    before, record = scores_of(tmp_path), run.folder.candidate(stopped.number) / "trial.json"
    rungs, written = run.ledger.trial(stopped.number).user_attrs["rungs"], record.read_text()
    with sqlite3.connect(tmp_path / "r" / "study.db") as opened:
        trial_id = stopped.number + 1
        opened.execute("update trials set state='RUNNING', datetime_complete=null where trial_id=?", (trial_id,))
        opened.execute("delete from trial_user_attributes where key in ('result', 'rungs') and trial_id=?", (trial_id,))
    opened.close()
    display = Listener()
    again = searched(line, tmp_path, "evolution", more=20, halving=True, steps=150, display=display)
    assert display.ended == []
    assert again.ledger.entry(stopped.number).state == "pruned"
    assert again.ledger.trial(stopped.number).user_attrs["rungs"] == rungs
    assert record.read_text() == written
    assert scores_of(tmp_path) == before


def test_a_candidate_whose_folder_is_gone_too_is_trained_again_under_its_number(some, runs, line):
    (runs / "r" / "study.db").unlink()
    shutil.rmtree(runs / "r" / "candidates" / "3")
    display = Listener()
    again = searched(line, runs, some.settings.strategy, display=display)
    assert display.ended == [3]
    assert [entry.number for entry in again.ledger.entries()] == list(range(FEW[some.settings.strategy]))
    assert "running" not in {entry.state for entry in again.ledger.entries()}


def test_a_run_of_an_earlier_version_is_rebuilt_if_its_strategy_reads_no_parameters(some, runs, line):
    before = scores_of(runs)
    for record in runs.glob("r/candidates/*/trial.json"):
        record.unlink()
    (runs / "r" / "study.db").unlink()
    if some.settings.strategy == "evolution":
        again = searched(line, runs, "evolution")
        assert [row[:3] for row in told(again)] == [row[:3] for row in told(some)]
    else:
        with pytest.raises(FileError, match=r"lacks candidate 0, and cannot be rebuilt, because .* has no trial\.json"):
            searched(line, runs, some.settings.strategy)
        assert open_run(runs, "r").ledger.trials() == []
    assert scores_of(runs) == before


def test_commands_that_only_read_say_how_the_ledger_comes_back(some, runs):
    (runs / "r" / "study.db").unlink()
    with pytest.raises(FileError, match=r"there is no ledger at .*; if it was lost, the command that searched the run"):
        open_run(runs, "r")
