"""The measures of the benchmarks, compared with their definitions."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.conditioning import Found, first_above, rows_of
from benchmarks.strategies_figures import COLUMNS, SCORES, figures, part_of, published, write
from benchmarks.strategies_measures import (
    GOALS,
    SCALES,
    Ended,
    Search,
    censored_median,
    confirmed,
    first,
    front,
    gains,
    growth,
    holds,
    last,
    notable,
    widest,
)
from benchmarks.strategies_page import Comparison, page
from benchmarks.strategies_searches import Contender
from benchmarks.strategies_singles import best_within
from valp.errors import SettingError
from valp.search.pareto.hypervolume import hypervolume
from valp.search.strategies import STRATEGIES

WHOLE, MLPS, SAMPLES = GOALS
SCALE = SCALES["fashion-mnist"]
GOOD = {"accuracy": 0.9, "mse": 4e-4, "entropy": 0.95, "coverage": 0.4, "entropy_coverage": 0.38}
CELLS = st.lists(st.tuples(*[st.integers(0, 5)] * 3), max_size=12)


def ended(number, state="complete", lineage=100, test=None, conditioned=False, structure="", **scores):
    """A candidate that saw 100 samples after the earlier ones, with good scores if none are given."""
    scores = GOOD | scores if state != "failed" else {}
    seen = 100 * (number + 1)
    return Ended(number, state, 100, seen, lineage, 1.0, seen / 10, scores, structure or str(number), conditioned, test)


def rivals(samples):
    """Single-task MLPs that need 300 samples to be good."""
    scores = {"accuracy": 0.95, "mse": 3e-4} if samples >= 300 else {"accuracy": 0.8, "mse": 5e-4}
    return {"validation": scores, "test": scores}


@given(CELLS)
def test_the_hypervolume_of_whole_numbers_is_the_number_of_cells_below_a_point(points):
    cells = {(x, y, z) for a, b, c in points for x in range(a) for y in range(b) for z in range(c)}
    assert hypervolume(np.array(points, dtype=float).reshape(-1, 3)) == pytest.approx(len(cells))


@pytest.mark.parametrize("seed", range(3))
def test_the_hypervolume_agrees_with_monte_carlo(seed):
    random = np.random.default_rng(seed)
    points, thrown = random.random((15, 3)), random.random((100_000, 3))
    hit = (thrown[:, None] <= points).all(2).any(1)
    assert hypervolume(points) == pytest.approx(hit.mean(), abs=5 * hit.std() / np.sqrt(len(hit)))


def test_points_worse_than_the_reference_add_no_hypervolume():
    assert hypervolume(np.array([[0.5, 0.5, 0.5], [2.0, 2.0, -0.1]])) == pytest.approx(0.125)
    assert hypervolume(np.zeros((0, 3))) == 0


def test_gains_are_0_at_the_reference_and_1_at_the_ideal():
    ends = [{name: getattr(scale, end) for name, scale in SCALE.items()} for end in ("reference", "ideal")]
    np.testing.assert_allclose(gains([ended(0, **one) for one in ends], SCALE), [[0] * 3, [1] * 3])


def test_the_hypervolume_grows_only_with_fully_trained_candidates():
    best = {name: scale.ideal for name, scale in SCALE.items()}
    search = Search("random", 0, 500, [ended(0), ended(1, "failed"), ended(2, "pruned", **best), ended(3, **best)])
    volumes = growth(search, SCALE, [0, 99, 100, 300, 399, 400, 500])
    assert volumes[:2] == [0, 0]
    assert 0 < volumes[2] == volumes[3] == volumes[4] < volumes[5] == volumes[6] == pytest.approx(1)


def test_the_first_fully_trained_candidate_with_the_scores_reaches_a_goal():
    tried = [ended(0, "failed"), ended(1, "pruned"), ended(2, entropy=0.89), ended(3, mse=6e-4), ended(4), ended(5)]
    assert first(tried, WHOLE, rivals).number == 4
    assert first(tried, MLPS, rivals).number == 2
    assert first(tried, SAMPLES, rivals).number == 3
    assert first(tried[:2], SAMPLES, rivals) is None


def test_the_mlps_are_given_the_samples_of_the_whole_lineage():
    assert first([ended(0, lineage=400)], MLPS, rivals) is None
    assert first([ended(0, lineage=400), ended(1, lineage=200)], MLPS, rivals).number == 1


def test_a_goal_on_the_test_split_holds_fails_or_is_unknown():
    assert holds(WHOLE, ended(0, test=GOOD), rivals) is True
    assert holds(WHOLE, ended(0, test=GOOD | {"coverage": 0.1}), rivals) is False
    assert holds(WHOLE, ended(0), rivals) is None


def test_the_first_candidate_that_reaches_a_goal_on_both_splits_confirms_it():
    tried = [
        ended(0, coverage=0.1, test=GOOD),
        ended(1, test=GOOD | {"accuracy": 0.7}),
        ended(2),
        ended(3, lineage=400, test=GOOD),
        ended(4, test=GOOD),
        ended(5, test=GOOD),
    ]
    assert confirmed(tried, WHOLE, rivals).number == 4
    assert confirmed(tried, SAMPLES, rivals).number == 1
    assert confirmed(tried[:3], WHOLE, rivals) is None


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([3, 1, 2], 2),
        ([3, 1, 2, 4], 2.5),
        ([3, None, 2], 3),
        ([None, 1, None], inf),
        ([1, None], inf),
        ([None], inf),
        ([], inf),
    ],
)
def test_a_search_that_misses_the_goal_counts_as_the_longest(times, expected):
    assert censored_median(times) == expected


def test_mlps_stop_at_their_best_epoch_within_at_least_the_same_samples():
    curves = {
        "accuracy": {"validation": [[0.5, 0.7], [0.8, 0.9], [0.6, 0.6]], "test": [[0.1, 0.1], [0.2, 0.4], [0.9, 0.9]]},
        "mse": {"validation": [[3.0], [4.0], [2.0]], "test": [[1.0], [2.0], [3.0]]},
    }

    def within(samples, split="validation"):
        return best_within(curves, 100, samples)[split]

    assert within(1) == within(100) == {"accuracy": pytest.approx(0.6), "mse": 3.0}
    assert within(101) == within(200) == {"accuracy": pytest.approx(0.85), "mse": 3.0}
    assert within(300) == {"accuracy": pytest.approx(0.85), "mse": 2.0}
    assert within(300, "test") == {"accuracy": pytest.approx(0.3), "mse": 3.0}


def test_the_last_quarter_counts_failed_candidates_too():
    tried = [ended(i) for i in range(6)] + [ended(6, "failed", structure="a"), ended(7, structure="a")]
    assert last(tried) == (0.5, 0.5)
    assert last(tried[:1]) == (1, 1)
    assert last([]) is None


def test_the_weights_of_reported_candidates_are_kept():
    dominated = {"accuracy": 0.85, "mse": 4.5e-4, "entropy_coverage": 0.3}
    tried = [
        ended(0, **dominated),
        ended(1, conditioned=True, coverage=0.8, entropy_coverage=0.7),
        ended(2, coverage=0.5, **dominated),
    ]
    assert [one.number for one in front(tried)] == [1]
    assert widest(tried).number == 1
    assert notable(tried, rivals) == {0, 1, 2}
    assert notable([], rivals) == set()


def test_the_weights_of_all_candidates_that_reach_a_goal_are_kept():
    worse = {"accuracy": 0.85, "mse": 4.5e-4, "entropy_coverage": 0.2}
    tried = [ended(0), ended(1, **worse), ended(2, coverage=0.1, **worse), ended(3, coverage=0.1, **worse | {"mse": 1})]
    assert notable(tried, rivals) == {0, 1, 2}


def test_tables_are_written_whether_searches_reach_the_goals_or_not():
    searches = [
        Search("random", 0, 800, []),
        Search("random", 1, 800, [ended(0, "failed")]),
        Search("evolution", 0, 400, [ended(0), ended(1, test=GOOD)]),
        Search("evolution", 1, 400, [ended(0, test=GOOD, conditioned=True)]),
    ]
    text = page(Comparison("digits", "default", 100, SCALE, rivals, searches))
    assert "| random | 0 of 2 | > 800 | > 8 | – | – | 0 of 2 | > 8 |" in text
    assert "| evolution | 2 of 2 | 100 | 1.0 | 10 s | 1 of 2, 1 unknown | 2 of 2 | 1.5 |" in text


SETTINGS = {"steps": 2, "batch": 50, "workers": 2, "seeds": [0, 1]}


def test_published_figures_read_back_as_the_searches_they_were_made_from(tmp_path):
    file = tmp_path / "figures.json"
    assert [name for name in GOOD if name not in COLUMNS + SCORES] == ["entropy_coverage"]
    searches = [
        Search("random", 0, 400, [ended(0, copying=0.5), ended(1, "failed"), ended(2, test=GOOD, conditioned=True)]),
        Search("evolution", 0, 400, [ended(0)]),
        Search("random", 1, 400, [ended(0, coverage=0.0, entropy_coverage=0.0)]),
    ]
    comparison = Comparison("digits", "default", 100, SCALE, rivals, searches)
    write(file, "digits-default", figures(comparison, SETTINGS))
    read = published(file, "digits", "default", SETTINGS, "random")
    assert [one.seed for one in read] == [0, 1]
    for found, made in zip(read, (searches[0], searches[2]), strict=True):
        assert len(found.ended) == len(made.ended)
        for one, other in zip(found.ended, made.ended, strict=True):
            assert replace(one, scores={}, test=None) == replace(other, scores={}, test=None)
            assert one.scores == pytest.approx(other.scores)
            assert one.test == pytest.approx(other.test)
    assert growth(read[0], SCALE, [100, 400]) == pytest.approx(growth(searches[0], SCALE, [100, 400]))


def of_two_seeds(folder):
    """A file of raw figures with a random search of each of the seeds 0 and 1."""
    file = folder / "figures.json"
    searches = [Search("random", seed, 400, [ended(0)]) for seed in range(2)]
    write(file, "digits-default", figures(Comparison("digits", "default", 100, SCALE, rivals, searches), SETTINGS))
    return file


@pytest.mark.parametrize(
    ("space", "code", "settings"),
    [
        ("paper", "random", SETTINGS),
        ("default", "tpe", SETTINGS),
        ("default", "random", SETTINGS | {"steps": 3}),
        ("default", "random", SETTINGS | {"steps": 3, "seeds": [2, 3]}),
    ],
)
def test_comparing_with_an_unpublished_search_is_refused(tmp_path, space, code, settings):
    file = of_two_seeds(tmp_path)
    with pytest.raises(SettingError, match=code):
        published(file, "digits", space, settings, code)


def test_of_published_figures_the_wanted_seeds_are_read_or_all_if_there_are_none(tmp_path):
    file = of_two_seeds(tmp_path)
    for seeds, found in (([0], [0]), ([0, 1, 2], [0, 1]), ([5, 6], [0, 1])):
        of_them = published(file, "digits", "default", SETTINGS | {"seeds": seeds}, "random")
        assert [one.seed for one in of_them] == found
    others = figures(Comparison("digits", "default", 100, SCALE, rivals, of_them), SETTINGS | {"seeds": [5, 6]})
    assert others["searches"] == {}
    write(file, "digits-default-seeds-5-6", others)
    assert len(published(file, "digits", "default", SETTINGS | {"seeds": [5, 6]}, "random")) == 2


def test_figures_of_other_seeds_have_a_part_of_their_own():
    assert part_of("digits", "default", [0, 1, 2]) == "digits-default"
    assert part_of("digits", "default", [5, 6, 7]) == "digits-default-seeds-5-7"


def test_the_text_of_a_contender_names_its_strategy_variant_and_budget():
    plain = Contender.parse("random", 60)
    assert (plain.code, plain.trainings, plain.longest, plain.strategy) == ("random", 60, 1, STRATEGIES["random"])
    assert Contender.parse("random:halving@300", 60).halving
    assert Contender.parse("random:halving@300", 60).trainings == 300
    changed = Contender.parse("evolution:no-inherit:population=24", 60)
    assert (changed.strategy.breeding.inherit, changed.strategy.breeding.population, changed.longest) == (False, 24, 1)
    assert changed.code not in STRATEGIES
    evolution = Contender.parse("evolution", 60)
    assert evolution.longest == 60
    assert plain.candidates == 60 < changed.candidates < evolution.candidates


@pytest.mark.parametrize(
    "text", ["none", "random:no-inherit", "evolution:no-such", "evolution:population=x", "random@0", "random@x"]
)
def test_an_unknown_contender_is_refused(text):
    with pytest.raises(SettingError):
        Contender.parse(text, 60)


def test_a_conditioned_sampler_is_found_when_one_is_above_the_paper_s_best():
    assert first_above([0.7, 0.75, 0.76, 0.9], 0.75) == 3
    assert first_above([0.75], 0.75) is None
    test = {"conditioning": 0.7, "coverage": 0.5, "accuracy": 0.85, "copying": 0.1}
    found = [
        Found("evolution", 0, 100, 60, 71, {"conditioning": 0.8}, test),
        Found("evolution", 1, 100, None, 93, {"conditioning": 0.6}, test),
        Found("random", 0, 100, None, 5, {"conditioning": 0.5}, test),
    ]
    *_, evolution, random = rows_of(found)
    assert evolution == ("evolution", "all", "", "1 of 2", "", "0.700 ± 0.141", "0.700 ± 0.000", "", "", "")
    assert random[3:6] == ("0 of 1", "", "0.500")
