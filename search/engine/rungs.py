"""Successive halving in a search: when candidates are compared, and which of them continue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import nan

from valp.search.halving.rung import Rung
from valp.search.pareto.front import losses, ranked
from valp.search.run.known_trials import Scores
from valp.search.run.ledger import Ledger
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


class Rungs:
    """The rungs of a search. A candidate that cannot be ranked in an objective does not continue.

    Args:
        ledger: has the scores at the rungs.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._filled: dict[tuple[int, bool], _Filled] = {}

    def goes_on(self, number: int, rung: int, scores: dict[str, float]) -> bool:
        """Records the scores of a candidate at a rung. Returns whether it continues, by `Rung`.

        Args:
            number: the candidate.
            rung: as in `Ledger.reach`.
            scores: its scores.
        """
        arrived = self._ledger.reach(number, rung, scores)
        inherits = bool(self._ledger.entry(number).parents)
        held = self._filled.get((rung, inherits))
        if held is None or held.of is not arrived:
            held = self._filled[rung, inherits] = _Filled(arrived, self._empty())
        new = list(islice(reversed(arrived), len(arrived) - held.count))[::-1]
        others = [other for other in new if other != number]
        if len(others) == len(new):  # it was here before: a worker that trained it died
            again = self._empty()
            again.fill([self._point(each) for other, each in arrived.items() if other != number])
            return again.reach(self._point(scores))
        held.rung.fill([self._point(arrived[other]) for other in others])
        held.count += len(new)
        return held.rung.reach(self._point(scores))

    def _empty(self) -> Rung:
        return Rung(len(self._ledger.objectives), KEPT)

    def _point(self, scores: dict[str, float]) -> Sequence[float]:
        objectives: dict[str, Metric] = self._ledger.objectives
        values = ranked(scores, objectives)
        return [nan] * len(objectives) if values is None else losses([values], list(objectives.values()))[0].tolist()


@dataclass
class _Filled:
    """A rung, the candidates that have reached it, and how many of these it has."""

    of: Mapping[int, Scores]
    rung: Rung
    count: int = 0
