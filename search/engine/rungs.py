"""Successive halving by several objectives at once: only the best candidates at a rung continue."""

from collections.abc import Sequence

from valp.search.pareto.front import losses, ranked
from valp.search.pareto.population import best
from valp.spaces.problem.metrics import Metric

KEPT = 3
"""η: of so many candidates at a rung one goes on, to so many times the steps."""

RUNGS = 2
"""Rungs below the whole training."""

FEWEST_STEPS = 50
"""A rung below this many steps says nothing."""


def rungs_of(steps: int) -> tuple[int, ...]:
    """The steps of the rungs of a training, ascending, the whole of it left out."""
    rungs = [steps // KEPT**i for i in range(RUNGS, 0, -1)]
    return tuple(rung for rung in rungs if rung >= FEWEST_STEPS)


def goes_on(scores: Sequence[dict[str, float]], objectives: dict[str, Metric]) -> bool:
    """Whether the last candidate that has reached a rung continues: if it is among the best third of those there.

    The best have the lowest non-dominated rank and, within a rank, the largest crowding distance. The decision is
    asynchronous (Li et al. 2020, asynchronous successive halving): the first candidates at a rung continue whatever
    their scores. A candidate that lacks an objective, and has no value to rank it by, does not continue.
    """
    if len(scores) < KEPT:
        return True
    values = [ranked(each, objectives) for each in scores]
    if values[-1] is None:
        return False
    points = losses([each for each in values if each is not None], list(objectives.values()))
    return len(points) - 1 in best(points, -(-len(scores) // KEPT))[0]
