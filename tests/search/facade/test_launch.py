"""The defaults of a search."""

import pytest

from valp.search.facade.launch import FEWEST_TO_BREED, usual_strategy
from valp.search.run.folder import Folder
from valp.search.strategies.evolution import Breeding


@pytest.mark.parametrize(("candidates", "strategy"), [(1, "random"), (15, "random"), (16, "evolution")])
def test_a_short_search_is_random_and_a_longer_one_evolution(candidates, strategy, tmp_path):
    assert usual_strategy(Folder(tmp_path / "new"), candidates) == strategy


def test_a_run_keeps_its_strategy_when_candidates_are_added(small_run):
    assert usual_strategy(small_run.folder, 1000) == small_run.settings.strategy == "random"


def test_a_search_by_evolution_breeds_at_least_half_of_its_candidates():
    assert all(1 < 2 * Breeding().drawn_of(candidates) <= candidates for candidates in range(FEWEST_TO_BREED, 100))
