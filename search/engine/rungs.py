"""Successive halving in a search: when candidates are compared, and which of them continue."""

from collections.abc import Sequence
from math import nan

from valp.search.halving.rung import Rung
from valp.search.pareto.front import losses, ranked
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
    """Whether the last of `scores` continues, by `valp.search.halving.rung.Rung`.

    A candidate that cannot be ranked in an objective does not continue.

    Args:
        scores: the scores of the candidates that have reached the rung, in that order.
        objectives: the objectives by name.
    """
    values = [ranked(each, objectives) for each in scores]
    known = iter(losses([each for each in values if each is not None], list(objectives.values())).tolist())
    points = [[nan] * len(objectives) if each is None else next(known) for each in values]
    rung = Rung(len(objectives), KEPT)
    rung.fill(points[:-1])
    return rung.reach(points[-1])
