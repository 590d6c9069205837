"""The contract of every score, built in or of another package, and the three directions."""

import math

import pytest

from valp.graph.graph import DataType
from valp.score import ABSENT, SCORES, GraphScore, OutputScore, ScoredOutput, Subject

VALUES = (-2.5, 0.0, 0.25, 1.0, 7.0)
OUTPUTS = (
    ScoredOutput("c", DataType.DISCRETE, 3),
    ScoredOutput("l", DataType.DISCRETE, 2, labels=True),
    ScoredOutput("y", DataType.NUMERIC, 2, variance=1.5),
    ScoredOutput("s", DataType.SAMPLES, 9, judged=3),
    ScoredOutput("t", DataType.SAMPLES, 9),
    ScoredOutput("r", DataType.SAMPLES, 9, drawn=True),
)


class Near(GraphScore):
    """A score with a target."""

    code, title = "near", "near a half"
    direction = 0.5

    def compute(self, subject: Subject) -> float:
        return 0.0


ROWS = [*SCORES.values(), Near()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_score_describes_itself(row):
    assert isinstance(row, OutputScore | GraphScore)
    assert row.code.isidentifier()
    assert "" not in (row.title, row.arrow)
    assert (row.target is None) == isinstance(row.direction, str)
    assert row.goal in ("maximize", "minimize")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_less_loss_is_better_and_nothing_is_better_than_itself(row):
    for a in VALUES:
        assert not row.better(a, a)
        for b in VALUES:
            assert row.better(a, b) == (row.loss(a) < row.loss(b))
            assert not (row.better(a, b) and row.better(b, a))
            figures = row.figure(a), row.figure(b)
            assert row.better(a, b) == (figures[0] > figures[1] if row.goal == "maximize" else figures[0] < figures[1])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_the_value_without_learning_is_a_number_where_the_score_applies(row):
    if isinstance(row, GraphScore):
        outputs = [*OUTPUTS, ScoredOutput("d", DataType.DISCRETE, 5)]
        assert row.applies(outputs)
        assert row.chance(outputs) is None or math.isfinite(row.chance(outputs))
        return
    there = [output for output in OUTPUTS if row.applies(output)]
    assert there
    assert all(row.chance(output) is None or math.isfinite(row.chance(output)) for output in there)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_value_is_written_as_a_number_and_a_missing_one_as_a_dash(row):
    assert row.text(None) == ABSENT == "–"
    assert float(row.text(1234.0).replace(",", "")) == 1234


def test_each_output_has_the_scores_of_its_type():
    codes = [[r.code for r in SCORES.values() if isinstance(r, OutputScore) and r.applies(o)] for o in OUTPUTS]
    judged = [
        "entropy_coverage",
        "entropy",
        "coverage",
        "density",
        "diversity",
        "spread",
        "conditioning",
        "copying",
        "memorising",
    ]
    assert codes == [
        ["accuracy", "balanced_accuracy", "robust_accuracy", "zero_gradients"],
        ["label_accuracy", "robust_label_accuracy", "zero_gradients"],
        ["mse", "r2", "robust_mse", "zero_gradients"],
        judged,
        ["coverage", "density", "spread", "copying", "memorising"],
        [
            "told_apart",
            "coverage",
            "density",
            "spread",
            "copying",
            "memorising",
            "column_distance",
            "correlation_distance",
        ],
    ]


def test_values_close_to_a_target_are_better_on_either_side():
    near = Near()
    assert near.better(0.4, 0.7)
    assert near.better(0.6, 0.1)
    assert not near.better(0.25, 0.75)
    assert (near.arrow, near.goal, near.figure(0.25), near.loss(0.75)) == ("→ 0.5", "minimize", 0.25, 0.25)


def test_a_target_is_the_best_possible_value_and_no_value_without_learning_is_better_than_that():
    assert Near.ideal == 0.5
    for row in (row for row in SCORES.values() if isinstance(row, OutputScore) and row.ideal is not None):
        chances = [row.chance(output) for output in OUTPUTS if row.applies(output)]
        assert not any(row.better(chance, row.ideal) for chance in chances if chance is not None)


def test_several_models_together_have_the_sum_of_sizes_and_times():
    assert SCORES["parameters"].together([10, 20]) == 30
    assert SCORES["latency"].together([1.5, 0.5]) == 2
    assert SCORES["inferences_per_second"].together([100.0, 100.0]) == pytest.approx(50)
    assert Near().together([1.0]) is None


def test_a_misspelt_direction_is_refused_when_the_class_is_made():
    with pytest.raises(TypeError, match="must be maximize, minimize or a number, not 'maximise'"):
        type("Odd", (OutputScore,), {"direction": "maximise"})
