"""Breeding: who has offspring, what a child inherits, and how it is trained."""

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
"""What the first children of drawn candidates get where they can: nothing helps samples as much."""


@dataclass(frozen=True)
class Breeding:
    """The settings of an evolution.

    Attributes:
        drawn: candidates that Algorithm 1 draws before any is bred; at most a third of a search.
        screening: the full trainings that these get together, in the smallest batches: enough steps to tell which
            deserve to be trained on.
        promoted: so many of these, but half of them at most, have the first children, one each: the best by the volume
            they span. Those who were trained on would else hide what the others might become. In a search for several
            objectives the other parent is the one of the drawn that completes them best, for what was trained so
            little is seldom good in all. These children's decoders get a condition, where they lack one.
        population: the candidates that may have offspring: the best so far.
        tournament: of so many of them, drawn at random, the best has offspring.
        spanning: the probability that this is the one that spans the largest volume with what is had without learning:
            nobody who is hopeless in one objective.
        balanced: the probability that it is the one with the least sum of its places in the objectives: between those
            who are good in all, the small differences count. Else it is the one of the lowest rank, and of these the
            least crowded; in the last quarter of a search, this one again: what is best in one objective alone is worth
            its offspring's offspring, and comes no more.
        crossover: the probability of two parents. The second is the one that completes the first best, of as many: the
            two would span most, were each output as in the better one.
        assembled: the same of children that begin afresh. Theirs is the one that serves one output best, each output as
            likely: what serves it is worth as much beside what serves the others.
        moved: the probability that such a child of two is changed by moves too, but for the last quarter of a search.
        tuned: the probability that a child may have the structure of somebody in the population, and other β or another
            training alone.
        fresh: the probability that a later candidate is drawn all the same, and screened; not in the last quarter of a
            search, where it would stay without offspring.
        slower: the probability that a child of a bred one learns at half its parent's rate: what was trained on for
            longer gains by smaller steps.
        inherit: whether children begin with their parents' weights.
        generation: the share of a full training that these children get: shorter generations are more of them in the
            same samples. Who begins afresh gets a full one.
        afresh: the probability that a child begins with fresh weights all the same, in a search for several
            objectives: what a graph is worth by itself shows where nothing was learnt before. Where there is one,
            nothing but its figure counts, and who is trained on has the better one.
        afresh_from: the share of a search that has passed before any child does.
        rooted: the probability that the parents of such a child are chosen among the best of those who began afresh;
            1 in the last quarter of a search. Others have learnt for longer, and would else hide these, but what they
            are worth without is not known.
    """

    drawn: int = 16
    screening: float = 1.0
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
        """How many are drawn before any is bred in a search of so many candidates."""
        return max(1, min(self.drawn, candidates // 3))

    def candidates_within(self, trainings: int) -> int:
        """How many candidates see about as many samples together as this many full trainings."""
        candidates = trainings
        while self._trainings_of(candidates + 1) <= trainings:
            candidates += 1
        return candidates

    def _trainings_of(self, candidates: int) -> float:
        """The full trainings that so many candidates get together."""
        drawn = self.drawn_of(candidates)
        bred = candidates - drawn
        alone = self.afresh * min(bred, candidates * (1 - self.afresh_from))
        return min(drawn, self.screening) + (alone + self.generation * (bred - alone) if self.inherit else bred)


class Ranked:
    """Candidates as parents, a row each, the best first.

    Attributes:
        members: the candidates.
        points: (members, objectives), all minimised.
        worst: (objectives,), what is had without learning.
        spanned: (members,), of each the volume it spans.
        balance: (members,), of each minus the sum of its places.
    """

    def __init__(self, members: list[Entry], points: Points, worst: Points) -> None:
        self.members, self.points, self.worst = members, points, worst
        self.spanned, self.balance = volumes(points, worst), -places(points)

    def before(self, number: int) -> list[int]:
        """The rows of those with smaller numbers."""
        return [row for row, entry in enumerate(self.members) if entry.number < number]


@dataclass(frozen=True)
class Litter:
    """The children that one proposal chooses from.

    Attributes:
        breeding: the settings.
        question: what the proposal is asked for.
        ledger: of the search.
        number: that the child will have.
        choose: decides.
        parents: who may have it.
        only: the row of the one who does; None if parents are drawn.
        inherits: whether it begins with the weights of its parents.
        late: whether the search is in its last quarter. Changes are small then, one move or two parents put together as
            they are, and parents are good in all objectives: what would be made of others comes no more.
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
        """One of them; each attempt draws another."""
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
        """What moves make of one parent; what is made of two, changed by moves as well if it shall be."""
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
        rather = () if self.only is None else FIRST_MOVES
        return mutate(parent, problem, space, self.choose, moves=moves, batch=batch, rather=rather)

    def _rows(self, name: str) -> list[int]:
        """The rows of one parent or two; equal ones are one."""
        if self.only is not None:
            if len(self.ledger.objectives) == 1:
                return [self.only]  # nobody completes who is best at the same
            drawn = self.parents.before(self.breeding.drawn_of(self.question.candidates))
            return [self.only, self._completing(self.only, drawn)]
        rows = [self._first(f"{name}.first")]
        share = self.breeding.crossover if self.inherits else self.breeding.assembled
        if self.choose.flag(f"{name}.crossover", share):
            few = self._few(f"{name}.second")
            rows.append(self._completing(rows[0], few) if self.inherits else self._serving(rows[0], few, name))
        return rows

    def _first(self, name: str) -> int:
        """The row of the best of a few drawn at random."""
        rows = self._few(name)
        spanning, share = self.breeding.spanning, self.choose.real(f"{name}.merit", 0, 1)
        if not self.late and share >= spanning + self.breeding.balanced:
            return min(rows)
        merit = self.parents.spanned if share < spanning else self.parents.balance
        return min(rows, key=lambda row: (-merit[row], row))

    def _completing(self, first: int, others: Sequence[int]) -> int:
        """The row of who completes a first parent best, among others."""
        points = self.parents.points
        together = volumes(np.minimum(points, points[first]), self.parents.worst)
        return min(others, key=lambda row: (-together[row], row))

    def _serving(self, first: int, others: Sequence[int], name: str) -> int:
        """The row of who serves one output best, of a first parent and others."""
        served = self._served()
        output = self.choose.category(f"{name}.second.output", list(dict.fromkeys(served)))
        merit = places(self.parents.points[:, [column for column, one in enumerate(served) if one == output]])
        return min([first, *others], key=lambda row: merit[row])

    def _few(self, name: str) -> list[int]:
        last = len(self.parents.members) - 1
        return [self.choose.integer(f"{name}.{i}", 0, last) for i in range(self.breeding.tournament)]

    def _served(self) -> list[str]:
        """The output that each objective is of."""
        metrics = self.question.problem.description.metrics
        return [metrics[objective][0] for objective in self.ledger.objectives]

    def _better(self, first: int, second: int) -> list[str]:
        """The outputs of which the second has more objectives better than worse."""
        ahead: dict[str, float] = {}
        gains = self.parents.points[first] - self.parents.points[second]
        for output, lead in zip(self._served(), np.sign(gains), strict=True):
            ahead[output] = ahead.get(output, 0) + float(lead)
        return [output for output, lead in ahead.items() if lead > 0]


def trained(question: Question, candidate: Candidate, share: float, batch: int) -> Candidate:
    """A candidate that sees this share of the search's samples, in such batches."""
    steps = max(1, round(share * question.training.steps * question.training.batch / batch))
    training = candidate.training.model_copy(update={"batch": batch, "steps": steps})
    return candidate.model_copy(update={"training": training})
