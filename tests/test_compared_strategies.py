"""The measures of the comparison of strategies, with made-up numbers."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks.strategies_figures import figures, part_of, published, write
from benchmarks.strategies_goals import GOALS, ahead, confirmed, first
from benchmarks.strategies_measures import (
    Beside,
    Ended,
    Search,
    TrainedOn,
    censored_median,
    distinct,
    front,
    gains,
    growth,
    scales_of,
)
from benchmarks.strategies_page import Comparison, page, spent, spread
from benchmarks.strategies_rivals import Single, best_single
from valp.errors import SettingError
from valp.score import SCORES
from valp.search.run.result import Measured
from valp.spaces.problem.metrics import Metric

OBJECTIVES = {
    "accuracy": Metric("accuracy", SCORES["accuracy"], "class", 0.5),
    "mse": Metric("mse", SCORES["mse"], "number", 2.0),
}
METRICS = OBJECTIVES | {
    "r2": Metric("r2", SCORES["r2"], "number", 0.0),
    "density": Metric("density", SCORES["density"], "image", 0.0),
    "parameters": Metric("parameters", SCORES["parameters"]),
}
NETWORKS, ALL, CLEARLY = GOALS
GOOD = {"accuracy": 0.9, "mse": 0.5}
UNIT = 100


def scored(accuracy=0.9, mse=0.5, error=0.0):
    return Measured({"accuracy": accuracy, "mse": mse}, {"accuracy": error, "mse": error})


def ended(number, state="complete", lineage=UNIT, test=None, structure="", **scores):
    """A candidate that saw 100 samples after the earlier ones, with good scores if none are given."""
    seen = UNIT * (number + 1)
    validation = Measured() if state == "failed" else scored(**scores)
    return Ended(number, state, UNIT, seen, lineage, 1.0, seen / 10, structure or str(number), validation, test)


def single(output, code, value, test=None, error=0.0, samples=UNIT):
    name = {"class": "accuracy", "number": "mse"}[output]
    measured = [None if one is None else Measured({name: one}, {name: error}) for one in (value, test)]
    return Single(output, code, samples, *measured)


SINGLES = (
    single("class", "linear", 0.88, 0.86),
    single("class", "network", 0.7, 0.9),
    single("class", "tuned-1", 0.8, 0.78),
    single("class", "longer-300", 0.85, 0.84),
    single("number", "network", 0.8, 0.8),
    single("number", "tuned-1", 0.9, 0.1),
    single("number", "longer", 0.6, 0.7),
)


def search(*tried, strategy="evolution", seed=0, budget=400, singles=SINGLES, **words):
    return Search(strategy, seed, budget, UNIT, list(tried), singles, **words)


def test_0_is_no_learning_and_1_the_best_possible_value():
    scales = scales_of(OBJECTIVES, [])
    tried = [ended(0, accuracy=0.5, mse=2.0), ended(1, accuracy=1.0, mse=0.0), ended(2, accuracy=0.75, mse=0.5)]
    assert gains(tried, OBJECTIVES, scales).tolist() == [[0, 0], [1, 1], [0.5, 0.75]]


def test_what_is_worse_than_no_learning_or_absent_counts_as_no_learning():
    scales = scales_of(OBJECTIVES, [])
    absent = replace(ended(1), validation=Measured({"accuracy": 0.75}))
    assert gains([ended(0, accuracy=0.4, mse=1.0), absent], OBJECTIVES, scales).tolist() == [[0, 0.5], [0.5, 0]]


def test_without_a_best_possible_value_the_best_of_the_searches_is_1():
    dense = {"density": METRICS["density"]}
    tried = [replace(ended(i), validation=Measured({"density": value})) for i, value in enumerate((0.4, 1.6))]
    scales = scales_of(dense, [search(tried[0]), search(tried[1], seed=1)])
    assert gains(tried, dense, scales).tolist() == [[0.25], [1]]


@pytest.mark.parametrize("chance", [None, 1.0])
def test_an_objective_that_cannot_be_scaled_is_refused(chance):
    with pytest.raises(SettingError, match="the objective accuracy must have a value without learning"):
        scales_of({"accuracy": replace(OBJECTIVES["accuracy"], chance=chance)}, [])


def test_the_hypervolume_grows_only_with_fully_trained_candidates():
    tried = [
        ended(0, accuracy=0.75, mse=1.0),
        ended(1, "failed"),
        ended(2, "pruned", accuracy=1.0, mse=0.0),
        ended(3, accuracy=0.6, mse=0.0),
    ]
    volumes = growth(search(*tried), OBJECTIVES, scales_of(OBJECTIVES, []), [0, 99, 100, 300, 399, 400, 500])
    assert volumes == pytest.approx([0, 0, 0.25, 0.25, 0.25, 0.35, 0.35])
    assert [one.number for one in front(tried, OBJECTIVES)] == [0, 3]


def test_the_best_single_task_model_of_an_objective_is_chosen_by_its_validation_score():
    assert best_single(SINGLES, OBJECTIVES["accuracy"]).code == "linear"
    assert best_single(SINGLES, OBJECTIVES["accuracy"], ("network", "tuned")).code == "tuned-1"
    assert best_single(SINGLES, OBJECTIVES["accuracy"], ("longer",)).code == "longer-300"
    assert best_single(SINGLES, OBJECTIVES["mse"], ("network", "tuned")).code == "network"
    assert best_single(SINGLES, METRICS["density"]) is None


@pytest.mark.parametrize(
    ("accuracy", "mse", "lineage", "reached"),
    [
        (0.81, 0.79, 150, [True, False, False]),  # only the networks of one training count
        (0.81, 0.79, 151, [False, False, False]),  # those that were trained longer count too
        (0.86, 0.59, 151, [True, False, False]),
        (0.89, 0.59, 100, [True, True, False]),
        (0.95, 0.5, 100, [True, True, True]),
        (0.95, 0.6, 100, [True, False, False]),  # a tie is not ahead
        (0.80, 0.1, 100, [False, False, False]),
    ],
)
def test_a_candidate_is_ahead_if_it_is_in_every_objective(accuracy, mse, lineage, reached):
    errors = {"accuracy": 0.02, "mse": 0.0}
    singles = [replace(one, validation=replace(one.validation, errors=errors)) for one in SINGLES]
    one = ended(0, accuracy=accuracy, mse=mse, lineage=lineage)
    assert [ahead(goal, search(one, singles=singles), one, OBJECTIVES, "validation") for goal in GOALS] == reached


def test_ahead_on_test_is_compared_with_the_model_that_was_best_on_validation():
    too, alone, unknown = ended(0, test=scored(0.87, 0.69)), ended(0, test=scored(0.85, 0.1)), ended(0)
    for one, expected in ((too, True), (alone, False), (unknown, None)):
        assert ahead(ALL, search(one), one, OBJECTIVES, "test") is expected
    untested = [replace(one, test=None) for one in SINGLES]
    assert ahead(ALL, search(too, singles=untested), too, OBJECTIVES, "test") is None


def test_nothing_is_ahead_where_no_single_task_model_or_no_score_exists():
    one = ended(0)
    assert ahead(ALL, search(one, singles=SINGLES[:4]), one, OBJECTIVES, "validation") is False
    absent = replace(one, validation=Measured({"accuracy": 1.0}))
    assert ahead(ALL, search(absent), absent, OBJECTIVES, "validation") is False


def test_the_first_complete_candidate_that_is_ahead_counts_and_the_first_that_is_on_both_splits():
    tried = [
        ended(0, "failed"),
        ended(1, "pruned"),
        ended(2, accuracy=0.5),
        ended(3, test=scored(0.8, 0.5)),
        ended(4),
        ended(5, test=scored(0.9, 0.5)),
    ]
    assert first(search(*tried), ALL, OBJECTIVES).number == 3
    assert confirmed(search(*tried), ALL, OBJECTIVES).number == 5
    assert first(search(*tried[:3]), ALL, OBJECTIVES) is None
    assert confirmed(search(*tried[:5]), ALL, OBJECTIVES) is None


@pytest.mark.parametrize(
    ("times", "median", "text"),
    [
        ([3, 1, 2], 2, "2.0 (1.0–3.0)"),
        ([3, 1, 2, 4], 2.5, "2.5 (1.0–4.0)"),
        ([3, None, 2], 3, "3.0 (2.0–> 4)"),
        ([None, 1, None], float("inf"), "> 4 (1.0–> 4)"),
        ([None], float("inf"), "> 4"),
        ([], float("inf"), "> 4"),
    ],
)
def test_a_search_that_misses_the_goal_counts_as_the_longest(times, median, text):
    assert censored_median(times) == median
    assert spent(times, search()) == text


def test_values_that_were_not_measured_are_counted():
    assert spread([0.1, None, 0.3, 0.2], "{:.1f}".format) == "0.2 (0.1–0.3; 3 of 4)"
    assert spread([None, 1.0], str) == "1.0; 1 of 2"
    assert spread([0.11, 0.12], "{:.1f}".format) == "0.1"
    assert spread([None], str) == "–"


def test_distinct_structures_are_those_of_the_last_quarter_with_failed_candidates():
    tried = [ended(i) for i in range(6)] + [ended(6, "failed", structure="a"), ended(7, structure="a")]
    assert distinct(tried) == 0.5
    assert distinct(tried[:1]) == 1
    assert distinct([]) is None


def comparison(*searches):
    return Comparison("made-up", "default", UNIT, METRICS, OBJECTIVES, searches)


FOUND = search(
    ended(0, "failed"),
    ended(1, test=scored(0.85, 0.4)),
    ended(2, test=scored()),
    compromise=2,
    beside={"accuracy": Beside("linear", 0.88, 0.86), "r2": Beside("linear", 0.5)},
    trained_on=TrainedOn(7, scored(0.95, 0.3), {"class": scored(0.91), "number": scored(mse=0.4)}),
)
MISSED = search(ended(0, accuracy=0.6), seed=1, compromise=0)
RANDOM = search(ended(0), ended(1, accuracy=0.75), strategy="random", budget=200, singles=(), compromise=0)


def test_the_page_tells_searches_that_miss_the_goal_and_those_without_baselines():
    text = page(comparison(RANDOM, FOUND, MISSED))
    assert "| ahead of the best of all single-task models | 1 of 2 | > 4 (2.0–> 4) | 0 of 1 | 1 of 2 |" in text
    assert "### random against" not in text
    assert "| 1 | – | – |" in text
    assert "| accuracy ↑ | 0.750 (0.600–0.900) | 0.900; 1 of 2 | 0.880 | 0.860 | linear |" in text
    assert "after 7 more steps" in text.replace("\n", " ")
    assert "| mse ↓ | 0.500 | 0.300 | 0.400 |" in text


def test_a_search_that_is_added_again_replaces_the_first_one():
    both = comparison(RANDOM, FOUND).adding(replace(FOUND, ended=[]))
    assert [len(one.ended) for one in both.searches] == [2, 0]


def test_a_strategy_with_two_budgets_has_two_lines():
    assert [*comparison(RANDOM, replace(RANDOM, budget=300), FOUND).contenders] == ["random@2", "random@3", "evolution"]


def setup(steps=2, fingerprint="f"):
    problem = SimpleNamespace(name="made-up", fingerprint=fingerprint)
    return SimpleNamespace(
        problem=problem, space="default", steps=steps, batch=50, unit=steps * 50, objectives=OBJECTIVES
    )


def test_published_figures_read_back_as_the_searches_they_were_made_from(tmp_path):
    file = tmp_path / "figures.json"
    file.write_text('{"another": {"searches": {}}}')
    write(file, setup(), comparison(RANDOM, FOUND))
    write(file, setup(), comparison(MISSED))
    assert published(file, setup(), "evolution", 4, [0, 1]) == [FOUND, MISSED]
    assert published(file, setup(), "evolution", 4, [1]) == [MISSED]
    assert published(file, setup(), "random@2", 4, [7]) == [RANDOM]
    assert '"another"' in file.read_text()


@pytest.mark.parametrize(
    ("code", "trainings", "words"),
    [("tpe", 4, {}), ("evolution", 5, {}), ("evolution", 4, {"steps": 3}), ("evolution", 4, {"fingerprint": "g"})],
)
def test_comparing_with_an_unpublished_search_is_refused(tmp_path, code, trainings, words):
    file = tmp_path / "figures.json"
    write(file, setup(), comparison(FOUND))
    with pytest.raises(SettingError, match=f"no searches of {code} with {trainings} trainings"):
        published(file, setup(**words), code, trainings, [0])


def test_searches_of_other_data_do_not_stay_beside_new_ones(tmp_path):
    file = tmp_path / "figures.json"
    write(file, setup(fingerprint="old"), comparison(FOUND))
    write(file, setup(), comparison(RANDOM))
    with pytest.raises(SettingError):
        published(file, setup(), "evolution", 4, [0])


def test_the_file_names_when_each_goal_was_reached():
    goals = figures(FOUND, comparison(FOUND))["goals"]
    assert goals["all"] == {
        "validation": {"candidate": 1, "seen": 200},
        "the same on test": False,
        "both": {"candidate": 2, "seen": 300},
    }
    assert figures(MISSED, comparison(MISSED))["goals"]["clearly"]["validation"] is None
    assert figures(RANDOM, comparison(RANDOM))["goals"] == {}
    assert part_of(setup()) == "made-up-default-2x50"
