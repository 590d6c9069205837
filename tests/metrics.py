"""Scores as a problem of one output has them."""

from valp.score import SCORES
from valp.spaces.problem.metrics import Metric


def metric_of(code, chance=None):
    """A score that goes by its code, of an output called y."""
    return Metric(code, SCORES[code], "y", chance)


def always_measured(problem):
    """The names of the scores that every graph with all outputs of a problem has."""
    sometimes = ("conditioning", "copying")
    metrics = problem.metrics.items()
    return {name for name, metric in metrics if not metric.score.on_demand and metric.score.code not in sometimes}


def are_measured(scores, problem):
    """Whether there are all scores that every graph has, and none that is unknown."""
    return always_measured(problem) <= scores.keys() <= problem.metrics.keys()
