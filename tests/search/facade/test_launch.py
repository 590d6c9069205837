"""The defaults of a search."""

import pytest

from valp.errors import SettingError
from valp.search.facade.launch import FEWEST_TO_BREED, launch, usual_strategy
from valp.search.run.folder import Folder
from valp.search.strategies.evolution import Breeding


@pytest.mark.parametrize(("candidates", "strategy"), [(1, "random"), (15, "random"), (16, "evolution")])
def test_a_short_search_is_random_and_a_longer_one_evolution(candidates, strategy, tmp_path):
    assert usual_strategy(Folder(tmp_path / "new"), candidates) == strategy


def test_a_run_keeps_its_strategy_when_candidates_are_added(small_run):
    assert usual_strategy(small_run.folder, 1000) == small_run.settings.strategy == "random"


def test_a_search_by_evolution_breeds_at_least_half_of_its_candidates():
    assert all(1 < 2 * Breeding().drawn_of(candidates) <= candidates for candidates in range(FEWEST_TO_BREED, 100))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"problem": "digits"}, "problem must be a Problem, for example from valp.load_problem, but is of type str"),
        ({"name": "a\0b"}, r"a run's name must be the name of a folder, but is 'a\\x00b'"),
        ({"steps": 1.5}, "steps must be a whole number, but is 1.5"),
        ({"candidates": "3"}, "candidates must be a whole number, but is '3'"),
        ({"seed": 0.5}, "seed must be a whole number, but is 0.5"),
        ({"workers": 1.5}, "workers must be a whole number, but is 1.5"),
        ({"keep": "none"}, "keep must be one of front, all, but is 'none'"),
        ({"protocol": "train"}, "protocol must be one of predict, generate, but is 'train'"),
        ({"start_from": ["mt-vae"]}, "start_from must hold graphs, but has 'mt-vae'"),
        ({"objectives": "speed"}, "objective must be one of .*, but is 'speed'"),
        ({"kinds": "gated"}, "kinds must be some of .*, but is gated"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence_and_nothing_is_written(asked, sentence, digits_problem, tmp_path):
    with pytest.raises(SettingError, match=f"^{sentence}$"):
        launch(**{"problem": digits_problem, "name": "x", "runs": tmp_path, "workers": 0} | asked)
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_strategy_is_not_installed_says_so(digits_problem, small_run, tmp_path):
    copied = tmp_path / "old"
    copied.mkdir()
    text = small_run.folder.settings.read_text().replace('strategy = "random"', 'strategy = "climb"')
    (copied / "run.toml").write_text(text)
    with pytest.raises(SettingError, match=r"^run 'old' was searched by strategy 'climb', which is not installed$"):
        launch(digits_problem, name="old", runs=tmp_path, workers=0)
