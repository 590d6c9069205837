"""Comparisons of scores that allow for their standard errors."""

import pytest

from valp.score import SCORES
from valp.score.clear_difference import clearly_better, compared

ACCURACY, MSE, SPREAD = SCORES["accuracy"], SCORES["mse"], SCORES["spread"]


def test_a_difference_counts_if_it_is_above_1_96_standard_errors():
    error = 0.01 * 2**0.5  # of the difference of two values with an error of 0.01
    assert clearly_better(ACCURACY, 0.5 + 1.97 * error, 0.5, 0.01, 0.01)
    assert not clearly_better(ACCURACY, 0.5 + 1.95 * error, 0.5, 0.01, 0.01)


def test_without_its_errors_nothing_is_clear_and_exact_scores_need_none():
    for errors in ((None, None), (None, 0.005), (0.005, None)):
        assert not clearly_better(ACCURACY, 0.99, 0.01, *errors)
        assert compared(ACCURACY, 0.99, 0.01, *errors) == "equal"
    assert clearly_better(ACCURACY, 0.51, 0.50, 0.0, 0.0)
    assert not clearly_better(ACCURACY, 0.5, 0.5, 0.0, 0.0)
    assert compared(SCORES["parameters"], 100, 200) == "better"


@pytest.mark.parametrize(
    ("score", "a", "b", "expected"),
    [
        (ACCURACY, 0.9, 0.5, "better"),
        (ACCURACY, 0.5, 0.9, "worse"),
        (ACCURACY, 0.9, 0.89, "equal"),
        (MSE, 0.5, 0.9, "better"),
        (MSE, 0.9, 0.5, "worse"),
        (SPREAD, 1.1, 0.2, "better"),
        (SPREAD, 1.9, 1.1, "worse"),
        (SPREAD, 0.8, 1.2, "equal"),
    ],
)
def test_the_word_follows_the_direction_of_the_score_and_its_target(score, a, b, expected):
    assert compared(score, a, b, 0.02, 0.03) == expected
