"""The best baseline of each score, the rows of the baselines, and comparisons with them."""

import dataclasses

import pytest

from tests.metrics import metric_of
from valp.score import SCORES
from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.result import Result
from valp.spaces.problem.metrics import Metric

METRICS = {
    "accuracy": dataclasses.replace(metric_of("accuracy"), output="c"),
    "mse": dataclasses.replace(metric_of("mse"), output="y"),
    "r2": dataclasses.replace(metric_of("r2"), output="y"),
    "parameters": Metric("parameters", SCORES["parameters"]),
}
OBJECTIVES = ("accuracy", "mse")


def result(failure=None, samples=100, seconds=1.0, errors=None, **scores):
    return Result(scores, 0, "", samples, (seconds, 0.0), failure, errors=errors or {})


@pytest.fixture
def baselines():
    told = {
        "c": {
            "none": result(accuracy=0.1),
            "linear": result(accuracy=0.9, errors={"accuracy": 0.02}),
            "network": result(accuracy=0.8, parameters=10),
            "tuned-1": result(accuracy=0.85, parameters=20),
            "tuned-2": result("a loss is NaN"),
        },
        "y": {
            "none": result(mse=1.0, r2=0.0),
            "linear": result(mse=0.5, r2=0.7),
            "network": result(mse=0.3, r2=0.6, parameters=5, samples=200, seconds=3.0),
            "tuned-1": result(mse=0.4, r2=0.65, parameters=50),
        },
    }
    return BaselineScores(METRICS, OBJECTIVES, ["c", "y"], told)


def test_the_best_value_of_each_objective_and_the_other_scores_of_the_same_baseline(baselines):
    best = baselines.best
    assert (best["accuracy"].title, best["accuracy"].value, best["accuracy"].error) == ("linear", 0.9, 0.02)
    assert (best["mse"].title, best["mse"].value, best["mse"].error) == ("single-task, tuned", 0.3, None)
    assert best["r2"].value == 0.6  # of the baseline with the best mse, though the linear model has more
    assert best["parameters"].value == 20 + 5


def test_the_rows_are_the_baselines_the_weakest_first_and_the_tuned_network_may_be_the_usual_one(baselines):
    rows = baselines.rows()
    assert [row.title for row in rows] == ["no learning", "linear", "single-task, tuned"]
    assert rows[0].scores == {"accuracy": 0.1, "mse": 1.0, "r2": 0.0}
    assert rows[2].scores == {"accuracy": 0.85, "mse": 0.3, "r2": 0.6, "parameters": 25}
    assert rows[2].samples_seen == 200
    assert rows[2].seconds == 6.0  # of all networks that it was chosen from and that have not failed
    assert baselines.leading("c") == "tuned-1"
    assert baselines.leading("y") == "network"


def test_without_tuned_networks_the_usual_one_has_its_own_row(baselines):
    told = {output: {"network": results["network"]} for output, results in baselines.told.items()}
    (row,) = dataclasses.replace(baselines, told=told).rows()
    assert row.title == "single-task"
    assert row.scores["parameters"] == 15


def test_graphs_are_compared_only_with_networks_of_all_outputs(baselines):
    told = {"c": baselines.told["c"], "y": {"linear": result(mse=0.5)}}
    assert "parameters" not in dataclasses.replace(baselines, told=told).best


def test_a_candidate_is_better_only_by_more_than_chance(baselines):
    def compared(accuracy, error):
        return baselines.compare("accuracy", result(accuracy=accuracy, errors={"accuracy": error}))

    assert compared(0.93, 0.02) == "equal"
    assert compared(0.97, 0.02) == "better"
    assert compared(0.80, 0.02) == "worse"
    assert baselines.compare("mse", result(mse=0.01)) == "equal"  # on few rows no error is known, and nothing is clear
    assert baselines.compare("mse", result(accuracy=1.0)) is None
    assert BaselineScores(METRICS, OBJECTIVES, ["c", "y"], {}).compare("mse", result(mse=0.1)) is None
