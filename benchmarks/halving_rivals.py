"""The rules that `benchmarks.halving` compares: ours, MO-ASHA, chance, and none."""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from random import Random

import numpy as np
from numpy.typing import NDArray

from valp.search.halving.rung_ladder import RungLadder
from valp.search.halving.simulator import NoStopping, StoppingRule
from valp.search.pareto.front import Points
from valp.search.pareto.layers import Layers
from valp.search.pareto.tie_breaks import TIE_BREAKS

FACTOR = 3


class MOASHA:
    """MO-ASHA by its papers (Salinas et al. 2021; Schmucker et al. 2021), with the settings of Syne Tune 0.16.

    A trial continues if its rank among the n trials at the rung, from 0, is at most n / η. Ranks follow non-dominated
    layers, and an epsilon-net within a layer (Clarkson 2005), which begins with the best trial in the first objective.
    Objectives are not scaled. The code of Syne Tune differs, see `tenth_of_ten`.
    """

    def __init__(self, times: Sequence[float], objectives: int) -> None:
        self._times = times
        self._rungs = [Layers(objectives) for _ in times]

    def continues(self, trial: int, time: float, losses: Sequence[float]) -> bool:  # noqa: ARG002 - the interface
        rung = self._rungs[sum(each <= time for each in self._times) - 1]
        row, before = rung.add(np.array(losses)), 0
        for layer in rung.first(len(rung)):
            if row in layer:
                place = layer[epsilon_net_order(rung.points[layer])].tolist().index(row)
                return bool(before + place <= len(rung) / FACTOR)
            before += len(layer)
        raise AssertionError("each row is in a layer")


def epsilon_net_order(points: Points) -> NDArray[np.int64]:
    """All rows of a layer: the best in the first objective, then always the one farthest from those before it."""
    chosen = [int(np.argmin(points[:, 0]))]
    distances = np.full(len(points), np.inf)
    while len(chosen) < len(points):
        distances = np.minimum(distances, np.linalg.norm(points - points[chosen[-1]], axis=1))
        distances[chosen[-1]] = -1
        chosen.append(int(np.argmax(distances)))
    return np.array(chosen)


class ByChance:
    """Stops two of three trials at each rung, whatever they report."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def continues(self, trial: int, time: float, losses: Sequence[float]) -> bool:  # noqa: ARG002 - the interface
        return self._random.random() < 1 / FACTOR


class Brackets:
    """Our rule in several brackets, as of Hyperband: trials of bracket s skip the first s rungs.

    Trials are assigned to brackets at random, with the probabilities that Ray Tune gives to brackets of ASHA.
    """

    def __init__(self, times: Sequence[float], objectives: int, count: int, seed: int) -> None:
        self._ladders = [RungLadder(times[i:], objectives, FACTOR) for i in range(count)]
        self._weights = [np.exp(-i) for i in range(count)]
        self._random = Random(seed)
        self._place: dict[int, int] = {}

    def continues(self, trial: int, time: float, losses: Sequence[float]) -> bool:
        if trial not in self._place:
            self._place[trial] = self._random.choices(range(len(self._ladders)), self._weights)[0]
        return self._ladders[self._place[trial]].continues(trial, time, losses)


Rival = Callable[[Sequence[float], int, int], StoppingRule]
"""Makes a rule from the times of curves, the number of objectives and a seed."""


def _ours(ties: str) -> Rival:
    return lambda times, objectives, _: RungLadder(times[:-1], objectives, FACTOR, ties)


def rivals() -> dict[str, Rival]:
    """The rules by their names in tables."""
    found: dict[str, Rival] = {f"ours, {ties}": _ours(ties) for ties in TIE_BREAKS}
    found["ours, 2 brackets"] = lambda times, objectives, seed: Brackets(times[:-1], objectives, 2, seed)
    found["ours, 3 brackets"] = lambda times, objectives, seed: Brackets(times[:-1], objectives, 3, seed)
    found["MO-ASHA"] = lambda times, objectives, _: MOASHA(times[:-1], objectives)
    found["stopped by chance"] = lambda _times, _objectives, seed: ByChance(seed)
    found["not stopped"] = lambda *_: NoStopping()
    return found


def tenth_of_ten() -> str | None:
    """What the MO-ASHA of the installed Syne Tune does with a tenth trial at a rung; None without Syne Tune.

    The tenth is better in both objectives than the nine before it.
    """
    if find_spec("syne_tune") is None:
        return None
    asha = import_module("syne_tune.optimizer.schedulers.asha")
    priorities = import_module("syne_tune.optimizer.schedulers.multiobjective.multiobjective_priority")
    bracket = asha.Bracket(1, 9, FACTOR, 0, priorities.NonDominatedPriority())
    decisions = [bracket.on_result(i, 1, {"a": loss, "b": loss}) for i, loss in enumerate([*range(9), -1])]
    return str(decisions[-1])
