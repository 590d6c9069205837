"""Successive halving with several objectives: only the best candidates at a rung continue."""

from collections.abc import Sequence

from valp.search.pareto.front import losses, ranked
from valp.search.pareto.population import best
from valp.spaces.problem.metrics import Metric

KEPT = 3
"""η: one in this many candidates continues at a rung, and each stage has this many times the steps of the last one."""

RUNGS = 2
"""The number of rungs before the end of a training."""

FEWEST_STEPS = 50
"""The fewest steps of a rung: after fewer steps, scores say too little."""


def rungs_of(steps: int) -> tuple[int, ...]:
    """The steps of a training's rungs, ascending, without the end of the training."""
    rungs = [steps // KEPT**i for i in range(RUNGS, 0, -1)]
    return tuple(rung for rung in rungs if rung >= FEWEST_STEPS)


def goes_on(scores: Sequence[dict[str, float]], objectives: dict[str, Metric]) -> bool:
    """Whether the last of `scores` is among the best third at its rung, so that its candidate continues.

    The best have the lowest non-dominated rank and, within a rank, the largest crowding distance. The decision is
    asynchronous (Li et al. 2020, asynchronous successive halving): the first candidates at a rung continue whatever
    their scores. A candidate that cannot be ranked in an objective does not continue.

    Args:
        scores: the scores of the candidates that have reached the rung, in that order.
        objectives: the objectives by name.
    """
    if len(scores) < KEPT:
        return True
    values = [ranked(each, objectives) for each in scores]
    if values[-1] is None:
        return False
    points = losses([each for each in values if each is not None], list(objectives.values()))
    return len(points) - 1 in best(points, -(-len(scores) // KEPT))[0]
