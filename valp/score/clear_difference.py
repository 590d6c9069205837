"""Whether one value of a score is better than another by more than chance, and values with their intervals."""

from math import hypot
from typing import Literal

from valp.score.score import Score

NORMAL = 1.96
"""A 95% confidence interval is an estimate ± this many standard errors."""

Comparison = Literal["better", "worse", "equal"]
"""How a value compares with another. Values are equal if their difference may be chance."""


def clearly_better(
    score: Score, a: float, b: float, error_a: float | None = None, error_b: float | None = None
) -> bool:
    """Whether a is better than b by more than `NORMAL` standard errors of their difference, √(error_a² + error_b²).

    The errors of two models on the same rows are positively correlated, so the real error of the difference is usually
    smaller: what is clearly better is better.

    Args:
        score: the score; it says which values are better.
        a: a value.
        b: another value.
        error_a: the standard error of a, as in `valp.score.halves.standard_errors`. If a score that has one lacks it,
            for example on few rows, nothing is clear. Other scores are exact.
        error_b: the same of b.
    """
    if score.has_error and (error_a is None or error_b is None):
        return False
    return score.loss(b) - score.loss(a) > NORMAL * hypot(error_a or 0.0, error_b or 0.0)


def compared(
    score: Score, a: float, b: float, error_a: float | None = None, error_b: float | None = None
) -> Comparison:
    """How a compares with b in a word, by `clearly_better`; `equal` if the difference may be chance."""
    if clearly_better(score, a, b, error_a, error_b):
        return "better"
    return "worse" if clearly_better(score, b, a, error_b, error_a) else "equal"


def interval_text(text: str, error: float | None) -> str:
    """The text of a value with its 95% confidence interval, such as "0.912 ± 0.013"; without an error only the text."""
    return text if error is None else f"{text} ± {NORMAL * error:.2g}"
