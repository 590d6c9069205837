"""What a search of the benchmark is, and its measures: the hypervolume over samples seen, and times to a goal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isnan

import numpy as np
from numpy.typing import NDArray

from benchmarks.strategies_rivals import Single
from valp.errors import SettingError
from valp.search.pareto.front import chances, losses, non_dominated
from valp.search.pareto.hypervolume import hypervolume
from valp.search.run.result import Measured
from valp.spaces.problem.metrics import Metric

Objectives = Mapping[str, Metric]

LAST = 4
"""The last candidates of a search are the last 1 / LAST of them."""


@dataclass(frozen=True)
class Ended:
    """A finished candidate.

    Attributes:
        number: its number in the search.
        state: its state in the ledger: `complete`, `failed`, or `pruned` if it was stopped early.
        samples: the samples that it has seen.
        seen: the samples that the search had seen when it finished.
        lineage: the samples that its weights have seen, including those of its ancestors.
        seconds: the seconds of training and scoring.
        wall: the wall seconds of the search when it finished.
        structure: the key of its graph without β.
        validation: the scores on the validation split.
        test: the scores on the test split, if they were measured.
    """

    number: int
    state: str
    samples: int
    seen: int
    lineage: int
    seconds: float
    wall: float
    structure: str
    validation: Measured
    test: Measured | None = None


@dataclass(frozen=True)
class Beside:
    """The best baseline in one score: its title, and its value on each split."""

    title: str
    validation: float
    test: float | None = None


@dataclass(frozen=True)
class TrainedOn:
    """Test scores after the best compromise, and the best single-task network of each output, were trained on.

    Attributes:
        steps: the further steps.
        candidate: the scores of the compromise.
        networks: the scores of the network of each output.
    """

    steps: int
    candidate: Measured
    networks: dict[str, Measured] = field(default_factory=dict)


@dataclass(frozen=True)
class Search:
    """A search, within its budget.

    Attributes:
        strategy: the code of its strategy.
        seed: its seed.
        budget: the number of samples that its candidates may see together.
        unit: the number of samples of a full training.
        ended: the candidates in the order in which they finished.
        singles: the single-task models of its baselines; empty if it has none.
        compromise: the number of the best compromise on the front; None if no candidate is complete.
        beside: by score, the best baseline.
        trained_on: the scores after training on, if it was requested.
    """

    strategy: str
    seed: int
    budget: int
    unit: int
    ended: list[Ended]
    singles: tuple[Single, ...] = ()
    compromise: int | None = None
    beside: dict[str, Beside] = field(default_factory=dict)
    trained_on: TrainedOn | None = None

    @property
    def key(self) -> str:
        """Its name in files."""
        return f"{self.strategy}@{self.budget // self.unit} {self.seed}"

    @property
    def best(self) -> Ended | None:
        """The best compromise."""
        return next((one for one in self.ended if one.number == self.compromise), None)


@dataclass(frozen=True)
class Scale:
    """The losses (`Score.loss`) of an objective that count as 0 and as 1 in the hypervolume."""

    worst: float
    best: float


def complete(ended: Sequence[Ended]) -> list[Ended]:
    """The candidates that were trained to the end."""
    return [one for one in ended if one.state == "complete"]


def scales_of(objectives: Objectives, searches: Sequence[Search]) -> dict[str, Scale]:
    """The scale of each objective: from the value without learning to the best possible value.

    If a score has no best possible value, the best value in any of the searches is used. Only hypervolumes of the same
    searches are then comparable.

    Raises:
        SettingError: if an objective has no value without learning, or none that can be improved.
    """
    found: dict[str, Scale] = {}
    for (name, metric), worst in zip(objectives.items(), chances(list(objectives.values())), strict=True):
        score, best = metric.score, inf
        if score.ideal is not None:
            best = score.loss(score.ideal)
        else:
            done = (one.validation.scores for search in searches for one in complete(search.ended))
            best = min((score.loss(scores[name]) for scores in done if name in scores), default=inf)
        if isnan(worst) or (best < inf and not best < worst):
            raise SettingError(f"the objective {name} must have a value without learning that can be improved")
        found[name] = Scale(float(worst), best)
    return found


def gains(ended: Sequence[Ended], objectives: Objectives, scales: Mapping[str, Scale]) -> NDArray[np.float64]:
    """The objectives of candidates, (n, objectives), scaled so that 0 is no learning and 1 the best possible value.

    Values worse than no learning are 0. An absent score counts as no learning.
    """
    rows = [[metric.ranked(one.validation.scores.get(name)) for name, metric in objectives.items()] for one in ended]
    points = losses([[value for value in row if value is not None] for row in rows], list(objectives.values()))
    worst, best = (np.array([getattr(scales[name], end) for name in objectives]) for end in ("worst", "best"))
    shares: NDArray[np.float64] = np.maximum((worst - points) / (worst - best), 0.0)
    return shares


def growth(search: Search, objectives: Objectives, scales: Mapping[str, Scale], grid: Sequence[int]) -> list[float]:
    """The hypervolume of a search after each number of samples in `grid`."""
    done = complete(search.ended)
    front, volumes = np.zeros((0, len(scales))), [0.0]
    for point in gains(done, objectives, scales):
        front = np.vstack([front, point])
        front = front[non_dominated(-front)]
        volumes.append(hypervolume(front))
    ends = [one.seen for one in done]
    return [volumes[np.searchsorted(ends, seen, side="right")] for seen in grid]


def front(ended: Sequence[Ended], objectives: Objectives) -> list[Ended]:
    """The non-dominated candidates."""
    done = complete(ended)
    rows = [[metric.ranked(one.validation.scores.get(name)) for name, metric in objectives.items()] for one in done]
    points = losses([[value for value in row if value is not None] for row in rows], list(objectives.values()))
    return [done[row] for row in non_dominated(points)]


def quartiles(rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Lower quartile, median and upper quartile of each column, (3, columns)."""
    found: NDArray[np.float64] = np.quantile(np.asarray(rows, dtype=float), (0.25, 0.5, 0.75), axis=0)
    return found


def censored_median(times: Sequence[float | None]) -> float:
    """The median of times. None is a time beyond the observation, which counts as infinite. No times: infinite."""
    ordered = sorted(inf if time is None else time for time in times)
    if not ordered:
        return inf
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def distinct(ended: Sequence[Ended]) -> float | None:
    """The share of distinct structures in the last quarter of a search, with failed and stopped candidates."""
    tail = ended[-(-len(ended) * (LAST - 1) // LAST) :] if len(ended) >= LAST else ended
    return len({one.structure for one in tail}) / len(tail) if tail else None
