"""Sentences about candidates whose samples are not new."""

import pytest

from valp.graph.graph import DataType
from valp.score import ScoredOutput
from valp.search.run.sampler_remarks import sampler_remarks
from valp.spaces.problem.metrics import metrics_of

ONE = metrics_of([ScoredOutput("image", DataType.SAMPLES, 64, judged=10), ScoredOutput("y", DataType.NUMERIC, 2)])
TWO = metrics_of([ScoredOutput(name, DataType.SAMPLES, 64, judged=10) for name in ("left", "right")])


@pytest.mark.parametrize("scores", [{}, {"copying": 0.02, "spread": 0.7}, {"spread": 1.0}, {"mse": 0.0}])
def test_samples_that_are_new_have_no_remark(scores):
    assert sampler_remarks(ONE, scores) == []


def test_a_copier_is_said_to_reproduce_its_condition():
    (remark,) = sampler_remarks(ONE, {"copying": 0.97, "spread": 0.02})
    assert remark == (
        "The samples of image reproduce their condition: 97% lie nearest to the very row that conditions them "
        "(copying), and the samples of one condition hardly differ (spread 0.02, real rows have 1)."
    )
    (remark,) = sampler_remarks(ONE, {"copying": 0.5, "spread": 1.9})
    assert remark.endswith("conditions them (copying).")


def test_samples_of_one_condition_that_hardly_differ_are_named_even_if_they_are_no_copies():
    (remark,) = sampler_remarks(ONE, {"copying": 0.0, "spread": 0.0})
    assert remark.startswith("The samples of image of one condition hardly differ (spread 0.00")
    (remark,) = sampler_remarks(ONE, {"spread": 0.05})
    assert remark.startswith("The samples of image hardly differ (spread 0.05")


def test_a_memoriser_is_said_to_stay_near_training_rows():
    (remark,) = sampler_remarks(ONE, {"memorising": 0.93, "copying": 0.0, "spread": 1.0})
    assert remark.startswith("The samples of image are near training rows: 93% lie nearer to one")
    assert sampler_remarks(ONE, {"memorising": 0.62}) == []


def test_each_output_has_its_own_remark():
    scores = {"copying.left": 0.9, "spread.left": 0.5, "copying.right": 0.0, "spread.right": 0.8}
    (remark,) = sampler_remarks(TWO, scores)
    assert "The samples of left" in remark
