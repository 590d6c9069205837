"""Real workers of Ray that are killed in the middle of a search: nobody's fault, so no candidate fails for it."""

import numpy as np
import pytest

from tests.search.listener import Listener
from valp.search.facade.launch import launch
from valp.spaces.problem.problem import Problem, numeric

pytestmark = pytest.mark.heavy

KILLING = """
import os, pathlib, signal, sys
if any("default_worker" in word for word in sys.orig_argv):
    rename = pathlib.Path.rename
    def killing(self, target):
        target = pathlib.Path(target)
        mark = pathlib.Path(os.environ["KILLED"], f"{target.parent.name}-{target.name}")
        if target.parent.name in ("candidates", "baselines") and not mark.exists():
            mark.touch()
            if os.environ["KILL"] == "after":
                rename(self, target)
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(self, target)
    pathlib.Path.rename = killing
"""
"""Begins every Python of the environment: a worker of Ray is killed once for each folder that it completes."""


@pytest.fixture
def line():
    """A problem of one output, so that its search has one single-task network."""
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


@pytest.mark.parametrize("kill", ["before", "after"])
def test_a_search_whose_workers_are_killed_once_for_each_model_loses_none(kill, line, tmp_path, monkeypatch):
    site, killed = tmp_path / "site", tmp_path / "killed"
    site.mkdir()
    killed.mkdir()
    (site / "sitecustomize.py").write_text(KILLING)
    for name, value in (("PYTHONPATH", site), ("KILLED", killed), ("KILL", kill)):
        monkeypatch.setenv(name, str(value))
    asked = {"candidates": 2, "steps": 20, "strategy": "random", "baselines": "quick", "display": Listener()}
    run = launch(line, name="lost", runs=tmp_path, workers=1, **asked).stored
    assert {path.name for path in killed.iterdir()} == {"candidates-0", "candidates-1", "baselines-y"}
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 2
    assert run.ledger.baselines["y"]["network"].failure is None

    monkeypatch.delenv("PYTHONPATH")
    whole = launch(line, name="whole", runs=tmp_path, workers=0, **asked).stored
    for entry, other in zip(run.ledger.entries(), whole.ledger.entries(), strict=True):
        assert entry.candidate == other.candidate
        assert entry.result.scores == pytest.approx(other.result.scores, rel=1e-2)
