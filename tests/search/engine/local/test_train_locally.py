"""A search without Ray, in the calling process."""

import pytest
import ray
import torch

from tests.conftest import SMALL_SEED, SMALL_STEPS
from tests.search.listener import Listener
from valp.search.facade.launch import launch
from valp.search.run.run import open_run

pytestmark = pytest.mark.usefixtures("narrow")


class Watching(Listener):
    """A display that checks at each update that Ray does not run."""

    def show(self, status, ended=None):
        assert not ray.is_initialized()
        super().show(status, ended)


def search(problem, runs, **settings):
    asked = {"candidates": 2, "steps": SMALL_STEPS, "seed": SMALL_SEED, "strategy": "random", "workers": 0}
    return launch(problem, name="alone", runs=runs, display=Watching(), **asked | settings).stored


def test_it_needs_no_ray_and_restores_the_settings_of_torch(digits_problem, tmp_path):
    torch.set_num_threads(2)
    run = search(digits_problem, tmp_path)
    assert torch.get_num_threads() == 2
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 2


def test_it_resumes_where_it_stopped(digits_problem, tmp_path):
    search(digits_problem, tmp_path, candidates=1, steps=20)
    search(digits_problem, tmp_path, candidates=3, steps=20)
    assert [entry.state for entry in open_run(tmp_path, "alone").ledger.entries()] == ["complete"] * 3


def test_halving_stops_candidates_here_too(digits_problem, tmp_path):
    run = search(digits_problem, tmp_path, candidates=10, steps=150, halving=True)
    states = [entry.state for entry in run.ledger.entries()]
    assert "pruned" in states
    assert "complete" in states
