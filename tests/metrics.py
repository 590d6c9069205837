"""Scores as a problem of one output has them."""

from valp.score import SCORES
from valp.spaces.problem.metrics import Metric


def metric_of(code, chance=None):
    """A score that goes by its code, of an output called y."""
    return Metric(code, SCORES[code], "y", chance)
