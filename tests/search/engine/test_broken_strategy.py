"""A strategy of another package that raises ends the search with one sentence, and nothing is lost."""

import pytest

from tests.search.listener import Listener
from valp.errors import SearchError
from valp.search.facade.launch import launch
from valp.search.facade.run_handle import open_run
from valp.search.strategies import STRATEGIES
from valp.search.strategies.random_search import RandomSearch


class Raises(RandomSearch):
    """Random search that raises at the third candidate."""

    code = "raises"
    raising = True

    def propose(self, question, ledger, trial):
        if self.raising and trial.number == 2:
            raise KeyError("n0\nof my table")
        return super().propose(question, ledger, trial)


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_search_ends_with_the_reason_and_resumes(workers, digits_problem, tmp_path):
    asked = {"name": "r", "strategy": "raises", "candidates": 4, "steps": 10, "baselines": "none", "workers": workers}
    strategy = Raises()
    with STRATEGIES.adding(strategy):
        for _ in range(2):  # the same command again meets the same candidate
            with pytest.raises(SearchError) as refused:
                launch(digits_problem, runs=tmp_path, display=Listener(), **asked)
            assert str(refused.value) == "strategy 'raises' cannot propose candidate 2: KeyError: 'n0\\nof my table'"
            states = [entry.state for entry in open_run("r", tmp_path).stored.ledger.entries()]
            assert states == ["complete"] * 2
        strategy.raising = False
        run = launch(digits_problem, runs=tmp_path, display=Listener(), **asked)
    assert [entry.state for entry in run.stored.ledger.entries()] == ["complete"] * 4
