"""Breeding: which candidates have children, what a child inherits, and how it is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valp.search.pareto.front import Points
from valp.search.pareto.population import places, volumes
from valp.search.run.ledger import Ledger
from valp.search.run.ledger_entry import Entry
from valp.search.strategies.strategy import Question, derived_seed
from valp.spaces.candidate import Candidate
from valp.spaces.generate.choose import Choose
from valp.spaces.vary import Variation, cross, mutate

LATE = 0.75
"""The share of a search after which children differ from their parents by one move, or are a crossover."""


@dataclass(frozen=True)
class Breeding:
    """The settings of an evolution.

    Attributes:
        drawn: the number of candidates that Algorithm 1 draws before any child; at most a third of a search.
        population: how many of the best finished candidates may have children.
        tournament: the size of a tournament. The lowest non-dominated rank wins, and within a rank the least crowded
            (NSGA-II, Deb et al. 2002). In the last quarter of a search the lowest sum of the ranks in all objectives
            wins, so that extremes have no children.
        crossover: the probability of two parents. As many candidates as in a tournament are drawn for the second
            parent. The one that best complements the first is selected: with the better value of each objective, the
            two have the largest hypervolume.
        inherit: whether children start with their parents' weights.
        generation: the share of a full training that a drawn candidate, or, with `inherit`, a child gets.
            Shorter generations allow more generations for the same samples, but a sampler needs some steps before it
            can be told from others. Without `inherit`, a child gets a full training.
    """

    drawn: int = 8
    population: int = 12
    tournament: int = 4
    crossover: float = 0.25
    inherit: bool = True
    generation: float = 0.5

    def drawn_of(self, candidates: int) -> int:
        """The number of candidates of a search that are drawn by Algorithm 1 before any child."""
        return max(1, min(self.drawn, candidates // 3))

    def candidates_within(self, trainings: int) -> int:
        """The number of candidates that together see about as many samples as this number of full trainings."""
        candidates = trainings
        while self._trainings_of(candidates + 1) <= trainings:
            candidates += 1
        return candidates

    def _trainings_of(self, candidates: int) -> float:
        """The number of full trainings that have as many samples as this number of candidates together."""
        drawn = self.drawn_of(candidates)
        return self.generation * drawn + (self.generation if self.inherit else 1.0) * (candidates - drawn)


class Ranked:
    """Possible parents, the best first. A row is a candidate's place in `members`.

    Attributes:
        members: the candidates.
        points: (members, objectives), all minimised.
        worst: (objectives,), the values without learning.
        balance: (members,), the sum of each candidate's ranks in the objectives.
    """

    def __init__(self, members: list[Entry], points: Points, worst: Points) -> None:
        self.members, self.points, self.worst = members, points, worst
        self.balance = places(points)


@dataclass(frozen=True)
class Litter:
    """The children that one proposal can choose from.

    Attributes:
        breeding: the settings.
        question: the problem, the space and the budget of the search.
        ledger: the ledger of the search.
        number: the child's number.
        choose: makes the random decisions.
        parents: the possible parents.
        late: whether changes are small: one move, or a crossover.
    """

    breeding: Breeding
    question: Question
    ledger: Ledger
    number: int
    choose: Choose
    parents: Ranked
    late: bool

    def child(self, attempt: int) -> Candidate:
        """A child. Each attempt draws another one."""
        question, inherits = self.question, self.breeding.inherit
        rows = self._rows(f"try{attempt}")
        both = [self.parents.members[row] for row in rows]
        share = self.breeding.generation if inherits else 1.0
        asked = [trained(question, entry.candidate, share, entry.candidate.training.batch) for entry in both]
        variation = self._varied(asked, rows)
        seed = derived_seed(question.seed, self.number, "training")
        training = variation.training.model_copy(update={"seed": seed})
        origins = variation.origins if inherits else {}
        weights = {name: (both[i].number, network) for name, (i, network) in origins.items()}
        child = Candidate(graph=variation.graph, training=training, parent=both[0].number, inherits=weights)
        return child.model_copy(update={"lineage_samples": self.ledger.samples_seen(child.parents)})

    def _varied(self, parents: list[Candidate], rows: list[int]) -> Variation:
        """A mutation of one parent, or a crossover of two parents."""
        problem, space, choose = self.question.problem.description, self.question.space, self.choose
        if len(set(rows)) > 1:
            return cross(parents[0], parents[1], problem, space, choose, better=self._better(*rows))
        moves, batch = 1 if self.late else None, self.question.training.batch
        return mutate(parents[0], problem, space, choose, moves=moves, batch=batch)

    def _rows(self, name: str) -> list[int]:
        """The rows of one or two parents. Two equal rows count as one parent."""
        rows = [self._tournament_winner(f"{name}.first")]
        if self.choose.flag(f"{name}.crossover", self.breeding.crossover):
            rows.append(self._best_complement(rows[0], self._random_rows(f"{name}.second")))
        return rows

    def _tournament_winner(self, name: str) -> int:
        """The row of the first parent, the winner of a tournament."""
        rows = self._random_rows(name)
        return min(rows, key=lambda row: (self.parents.balance[row], row)) if self.late else min(rows)

    def _best_complement(self, first: int, others: Sequence[int]) -> int:
        """The row of the candidate that best complements a first parent."""
        points = self.parents.points
        together = volumes(np.minimum(points, points[first]), self.parents.worst)
        return min(others, key=lambda row: (-together[row], row))

    def _random_rows(self, name: str) -> list[int]:
        last = len(self.parents.members) - 1
        return [self.choose.integer(f"{name}.{i}", 0, last) for i in range(self.breeding.tournament)]

    def _better(self, first: int, second: int) -> list[str]:
        """The outputs for which the second parent is better in more objectives than it is worse."""
        ahead: dict[str, float] = {}
        gains = self.parents.points[first] - self.parents.points[second]
        for metric, lead in zip(self.ledger.objectives.values(), np.sign(gains), strict=True):
            if metric.output is not None:
                ahead[metric.output] = ahead.get(metric.output, 0) + float(lead)
        return [output for output, lead in ahead.items() if lead > 0]


def trained(question: Question, candidate: Candidate, share: float, batch: int) -> Candidate:
    """A candidate with as many steps that it sees this share of a full training's samples, in batches of this size."""
    steps = max(1, round(share * question.training.steps * question.training.batch / batch))
    training = candidate.training.model_copy(update={"batch": batch, "steps": steps})
    return candidate.model_copy(update={"training": training})
