"""Breeding: which candidates have children, what a child inherits, and how it is trained."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from valp.search.pareto.front import Points
from valp.search.pareto.population import places, volumes
from valp.search.run.ledger import Entry, Ledger
from valp.search.strategies.strategy import Question, derived_seed
from valp.spaces.candidate import Candidate
from valp.spaces.generate.choose import Choose
from valp.spaces.vary import Variation, cross, mutate

FIRST_MOVES = ("condition",)
"""The moves that are preferred for the first children, if they apply, where samples may depend on any input."""


@dataclass(frozen=True)
class Breeding:
    """The settings of an evolution.

    Attributes:
        drawn: the number of candidates that Algorithm 1 draws before any child; at most a third of a search.
        promoted: the number of drawn candidates, at most half of them, that become the parents of the first children,
            one each. They are the best by the hypervolume between a candidate and a model without learning. With
            several objectives, the second parent is the drawn candidate that best complements the first. Where samples
            may depend on any input, as in the paper's space, their decoders get a condition if they have none.
        population: how many of the best finished candidates may have children.
        tournament: the size of a tournament.
        spanning: the probability that a tournament is decided by that hypervolume, so that a candidate with a hopeless
            score in one objective is not selected.
        balanced: the probability that a tournament is decided by the sum of the ranks in all objectives, so that small
            differences between good candidates count. Otherwise the lowest non-dominated rank wins, and within a rank
            the least crowded; in the last quarter of a search, the sum of the ranks decides instead.
        crossover: the probability of two parents. As many candidates as in a tournament are drawn for the second
            parent. The one that best complements the first is selected: with the better value of each objective, the
            two have the largest hypervolume.
        assembled: the same for children that are trained from scratch. Their second parent is the best for one output,
            which is drawn with equal probabilities.
        moved: the probability that such a crossover is also changed by moves; 0 in the last quarter of a search.
        tuned: the probability that a child may have the same structure as a member of the population, and differ only
            in β or its training.
        fresh: the probability that a later candidate is drawn by Algorithm 1; 0 in the last quarter of a search, where
            it would have no children.
        slower: the probability that a child of a child is trained with half its parent's learning rate.
        inherit: whether children start with their parents' weights.
        generation: the share of a full training that a drawn candidate, or a child with inherited weights, gets.
            Shorter generations allow more generations for the same samples, but a sampler needs some steps before it
            can be told from others. A child that is trained from scratch gets a full training.
        afresh: the probability that a child is trained from scratch, in a search with several objectives. Without such
            children, a graph could look good only because its ancestors saw many samples.
        afresh_from: the share of a search after which children may be trained from scratch.
        rooted: the probability that the parents of such a child were trained from scratch too; 1 in the last quarter of
            a search. Parents with inherited weights were trained for longer and would otherwise always be selected.
    """

    drawn: int = 8
    promoted: int = 4
    population: int = 12
    tournament: int = 4
    spanning: float = 0.4
    balanced: float = 0.4
    crossover: float = 0.25
    assembled: float = 0.6
    moved: float = 0.6
    tuned: float = 0.15
    fresh: float = 0.05
    slower: float = 0.4
    inherit: bool = True
    generation: float = 0.5
    afresh: float = 0.5
    afresh_from: float = 1 / 3
    rooted: float = 0.7

    def drawn_of(self, candidates: int) -> int:
        """The number of candidates of a search that are drawn by Algorithm 1 before any child."""
        return max(1, min(self.drawn, candidates // 3))

    def candidates_within(self, trainings: int, objectives: int) -> int:
        """The number of candidates that together see about as many samples as this number of full trainings.

        Args:
            trainings: the number of full trainings.
            objectives: the number of objectives of the search. With one, no child is trained from scratch.
        """
        candidates = trainings
        while self._trainings_of(candidates + 1, objectives) <= trainings:
            candidates += 1
        return candidates

    def _trainings_of(self, candidates: int, objectives: int) -> float:
        """The number of full trainings that have as many samples as this number of candidates together."""
        drawn = self.drawn_of(candidates)
        bred = candidates - drawn
        alone = self.afresh * min(bred, candidates * (1 - self.afresh_from)) if objectives > 1 else 0.0
        short = drawn + bred - alone if self.inherit else drawn
        return self.generation * short + (alone if self.inherit else bred)


class Ranked:
    """Possible parents, the best first. A row is a candidate's place in `members`.

    Attributes:
        members: the candidates.
        points: (members, objectives), all minimised.
        worst: (objectives,), the values without learning.
        spanned: (members,), the hypervolume between each candidate and `worst`.
        balance: (members,), minus the sum of each candidate's ranks in the objectives.
    """

    def __init__(self, members: list[Entry], points: Points, worst: Points) -> None:
        self.members, self.points, self.worst = members, points, worst
        self.spanned, self.balance = volumes(points, worst), -places(points)

    def before(self, number: int) -> list[int]:
        """The rows of the candidates with smaller numbers."""
        return [row for row, entry in enumerate(self.members) if entry.number < number]


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
        only: the row of the first parent if it is given; None if a tournament selects it.
        inherits: whether the child starts with its parents' weights.
        late: whether the search is in its last quarter. Changes are small then: one move, or a crossover without moves.
    """

    breeding: Breeding
    question: Question
    ledger: Ledger
    number: int
    choose: Choose
    parents: Ranked
    only: int | None
    inherits: bool
    late: bool

    def child(self, attempt: int) -> Candidate:
        """A child. Each attempt draws another one."""
        question, choose, name = self.question, self.choose, f"try{attempt}"
        rows = self._rows(name)
        both = [self.parents.members[row] for row in rows]
        share = self.breeding.generation if self.inherits else 1.0
        asked = [trained(question, entry.candidate, share, entry.candidate.training.batch) for entry in both]
        variation = self._varied(asked, rows, name)
        seed = derived_seed(question.seed, self.number, "training")
        training = variation.training.model_copy(update={"seed": seed})
        first = both[0]
        if self.inherits and first.parents and choose.flag(f"{name}.slower", self.breeding.slower):
            rate = max(question.space.learning_rate[0], training.learning_rate / 2)
            training = training.model_copy(update={"learning_rate": min(rate, training.learning_rate)})
        origins = variation.origins if self.inherits else {}
        weights = {name: (both[i].number, network) for name, (i, network) in origins.items()}
        child = Candidate(graph=variation.graph, training=training, parent=first.number, inherits=weights)
        return child.model_copy(update={"lineage_samples": self.ledger.samples_seen(child.parents)})

    def _varied(self, parents: list[Candidate], rows: list[int], name: str) -> Variation:
        """A mutation of one parent, or a crossover of two parents that may also be mutated."""
        if len(set(rows)) == 1:
            return self._moved(parents[0], 1 if self.late else None)
        problem, space = self.question.problem.description, self.question.space
        crossed = cross(parents[0], parents[1], problem, space, self.choose, better=self._better(*rows))
        first = self.only is not None
        if not first and (self.inherits or self.late or not self.choose.flag(f"{name}.moved", self.breeding.moved)):
            return crossed
        whole = parents[0].model_copy(update={"graph": crossed.graph, "training": crossed.training})
        moved, origins = self._moved(whole, None), crossed.origins
        return replace(moved, origins={new: origins[old] for new, (_, old) in moved.origins.items() if old in origins})

    def _moved(self, parent: Candidate, moves: int | None) -> Variation:
        problem, space, batch = self.question.problem.description, self.question.space, self.question.training.batch
        free = problem.conditions is None or space.any_condition
        rather = FIRST_MOVES if free and self.only is not None else ()
        return mutate(parent, problem, space, self.choose, moves=moves, batch=batch, rather=rather)

    def _rows(self, name: str) -> list[int]:
        """The rows of one or two parents. Two equal rows count as one parent."""
        if self.only is not None:
            if len(self.ledger.objectives) == 1:
                return [self.only]  # with one objective, no candidate complements another
            drawn = self.parents.before(self.breeding.drawn_of(self.question.candidates))
            return [self.only, self._best_complement(self.only, drawn)]
        rows = [self._tournament_winner(f"{name}.first")]
        share = self.breeding.crossover if self.inherits else self.breeding.assembled
        if self.choose.flag(f"{name}.crossover", share):
            few = self._random_rows(f"{name}.second")
            rows.append(
                self._best_complement(rows[0], few) if self.inherits else self._best_for_one_output(rows[0], few, name)
            )
        return rows

    def _tournament_winner(self, name: str) -> int:
        """The row of the first parent, the winner of a tournament."""
        rows = self._random_rows(name)
        spanning, share = self.breeding.spanning, self.choose.real(f"{name}.merit", 0, 1)
        if not self.late and share >= spanning + self.breeding.balanced:
            return min(rows)
        merit = self.parents.spanned if share < spanning else self.parents.balance
        return min(rows, key=lambda row: (-merit[row], row))

    def _best_complement(self, first: int, others: Sequence[int]) -> int:
        """The row of the candidate that best complements a first parent."""
        points = self.parents.points
        together = volumes(np.minimum(points, points[first]), self.parents.worst)
        return min(others, key=lambda row: (-together[row], row))

    def _best_for_one_output(self, first: int, others: Sequence[int], name: str) -> int:
        """The row of the best candidate for one output, or for the scores of the graph. Which one is drawn at random.

        Args:
            first: the row of the first parent.
            others: the other rows to choose from.
            name: the name of the decision.
        """
        served = self._outputs_of_objectives()
        output = self.choose.category(f"{name}.second.output", list(dict.fromkeys(served)))
        merit = places(self.parents.points[:, [column for column, one in enumerate(served) if one == output]])
        return min([first, *others], key=lambda row: merit[row])

    def _random_rows(self, name: str) -> list[int]:
        last = len(self.parents.members) - 1
        return [self.choose.integer(f"{name}.{i}", 0, last) for i in range(self.breeding.tournament)]

    def _outputs_of_objectives(self) -> list[str | None]:
        """The output of each objective; None for an objective of the whole graph."""
        return [metric.output for metric in self.ledger.objectives.values()]

    def _better(self, first: int, second: int) -> list[str]:
        """The outputs for which the second parent is better in more objectives than it is worse."""
        ahead: dict[str, float] = {}
        gains = self.parents.points[first] - self.parents.points[second]
        for output, lead in zip(self._outputs_of_objectives(), np.sign(gains), strict=True):
            if output is not None:
                ahead[output] = ahead.get(output, 0) + float(lead)
        return [output for output, lead in ahead.items() if lead > 0]


def trained(question: Question, candidate: Candidate, share: float, batch: int) -> Candidate:
    """A candidate with as many steps that it sees this share of a full training's samples, in batches of this size."""
    steps = max(1, round(share * question.training.steps * question.training.batch / batch))
    training = candidate.training.model_copy(update={"batch": batch, "steps": steps})
    return candidate.model_copy(update={"training": training})
