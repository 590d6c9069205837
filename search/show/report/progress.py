"""The progress of a search: the best value of each objective, and the hypervolume, over the budget spent."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from valp.search.pareto.front import Points, chances, losses, non_dominated, scaled
from valp.search.pareto.hypervolume import hypervolume
from valp.search.run.ledger_entry import Entry, by_end
from valp.search.run.run import StoredRun
from valp.search.show.report.rounding import rounded

MOMENTS = 60
"""The hypervolume is computed at most this many times over a search."""

MOST_OBJECTIVES = 4
"""With more objectives, the hypervolume would take too long."""

REFERENCE = 0.75
"""The quantile of all candidates' values that is the reference if the value without learning is not known."""


def progress(run: StoredRun, entries: Sequence[Entry]) -> dict[str, Any]:
    """The best values and the hypervolume after each candidate that changed them.

    Returns:
        `spent`: the numbers of candidates, samples and hours of training, each summed up to the end of each candidate.
        `best`: for each objective, pairs (place in `spent`, value).
        `hypervolume`: such pairs, or None if it is not computed.
    """
    ended = [entry for entry in by_end(entries) if entry.result is not None]
    results = [entry.result for entry in ended if entry.result is not None]
    spent = {
        "candidates ended": list(range(1, len(ended) + 1)),
        "samples seen": np.cumsum([result.samples_seen for result in results]).tolist(),
        "hours of training": rounded(np.cumsum([sum(result.seconds) / 3600 for result in results]).tolist()),
    }
    places = [i for i, entry in enumerate(ended) if entry.state == "complete"]
    points = losses([run.ledger.point(ended[i]) for i in places], list(run.objectives.values()))
    return {
        "spent": spent,
        "best": {name: _best(run, ended, places, name) for name in run.objectives},
        "hypervolume": _volumes(points, chances(list(run.objectives.values())), places),
    }


def _best(run: StoredRun, ended: Sequence[Entry], places: Sequence[int], name: str) -> list[tuple[int, float]]:
    steps: list[tuple[int, float]] = []
    for place in places:
        result = ended[place].result
        if result is None:
            continue
        value = result.scores.get(name)
        if value is not None and (not steps or run.objectives[name].score.better(value, steps[-1][1])):
            steps.append((place, rounded(value)))
    return steps


def _volumes(points: Points, worst: Points, places: Sequence[int]) -> list[tuple[int, float]] | None:
    """The hypervolume of the front, as a share of the box between the values without learning and the best values.

    If a value without learning is not known, or no candidate is better, the quantile `REFERENCE` replaces it.
    """
    if len(points) < 2 or points.shape[1] > MOST_OBJECTIVES:
        return None
    ideal = points.min(0)
    worst = np.where(worst > ideal, worst, np.quantile(points, REFERENCE, axis=0))  # NaN is never greater
    if (worst <= ideal).any():
        return None
    gains = 1 - scaled(points, worst)
    front: list[int] = []
    changes: list[tuple[int, list[int]]] = []
    for i in range(len(gains)):
        held = -gains[[*front, i]]
        kept = [[*front, i][j] for j in non_dominated(held)]
        if kept != front:
            changes.append((i, kept))
            front = kept
    chosen = np.unique(np.linspace(0, len(changes) - 1, min(MOMENTS, len(changes))).round().astype(int))
    return [(places[changes[j][0]], rounded(hypervolume(gains[changes[j][1]]))) for j in chosen]
