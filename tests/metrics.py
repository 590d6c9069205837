"""The scores of a problem with one output."""

from valp.score import SCORES
from valp.spaces.problem.metrics import Metric


def metric_of(code, chance=None):
    """The score with this code, of an output named y; its name is its code."""
    return Metric(code, SCORES[code], "y", chance)


def always_measured(problem):
    """The names of the scores that every graph with all outputs of a problem has."""
    sometimes = ("conditioning", "copying")
    metrics = problem.metrics.items()
    return {name for name, metric in metrics if not metric.score.on_demand and metric.score.code not in sometimes}


def are_measured(scores, problem):
    """Whether the scores include all that every graph has, and no unknown one."""
    return always_measured(problem) <= scores.keys() <= problem.metrics.keys()
