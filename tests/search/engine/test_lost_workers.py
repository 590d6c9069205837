"""Real workers of Ray that are killed in the middle of a search: nobody's fault, so no candidate fails for it."""

import numpy as np
import pytest

from tests.search.changed_workers import changing
from tests.search.listener import Listener
from valp.search.facade.launch import launch
from valp.spaces.problem.problem import Problem, numeric

pytestmark = pytest.mark.heavy

KILLING = changing(
    "valp.search.engine.ray.worker",
    """
import hashlib, os, pathlib, signal

def kill_once(config):
    mark = pathlib.Path(os.environ["KILLED"], hashlib.sha256(config["candidate"].encode()).hexdigest())
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)

trainable = module.CandidateTrainable
step, reset = trainable.step, trainable.reset_config

def stepped(self):
    config = self.config
    made = step(self)
    kill_once(config)
    return made

def began(self, config):
    kill_once(config)
    return reset(self, config)

if os.environ["KILL"] == "before":
    trainable.step = stepped
else:
    trainable.reset_config = began
""",
)
"""Begins every Python of the environment: a worker of Ray is killed once for each model, before its result is sent, or
after the result of the model before it."""


@pytest.fixture
def line():
    """A problem of one output, so that its search has one single-task network."""
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


@pytest.mark.parametrize(("kill", "kills"), [("before", 3), pytest.param("after", 2, marks=pytest.mark.slow)])
def test_a_search_whose_workers_are_killed_once_for_each_model_loses_none(kill, kills, line, tmp_path, monkeypatch):
    site, killed = tmp_path / "site", tmp_path / "killed"
    site.mkdir()
    killed.mkdir()
    (site / "sitecustomize.py").write_text(KILLING)
    for name, value in (("PYTHONPATH", site), ("KILLED", killed), ("KILL", kill)):
        monkeypatch.setenv(name, str(value))
    asked = {"candidates": 2, "steps": 20, "strategy": "random", "baselines": "quick", "display": Listener()}
    run = launch(line, name="lost", runs=tmp_path, workers=1, **asked).stored
    assert len([*killed.iterdir()]) == kills
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 2
    assert run.ledger.baselines["y"]["network"].failure is None

    monkeypatch.delenv("PYTHONPATH")
    whole = launch(line, name="whole", runs=tmp_path, workers=0, **asked).stored
    for entry, other in zip(run.ledger.entries(), whole.ledger.entries(), strict=True):
        assert entry.candidate == other.candidate
        assert entry.result.scores == pytest.approx(other.result.scores, rel=1e-2)
