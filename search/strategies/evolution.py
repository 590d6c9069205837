"""Evolution over typed graphs: parents by volume, places or crowding, children that inherit weights."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from optuna.trial import Trial

from search.front import Points, chances, losses
from search.ledger import Entry, Ledger
from search.population import Population, places, volumes
from search.strategies.base import Question, Strategy, derived_seed, draw_at_random
from spaces.candidate import Candidate
from spaces.choose import Choose, RandomChoose
from spaces.vary import cross, mutate
from valp.keys import content_key

MOST_TRIES = 8
"""Variations of a graph that are drawn before one that was there already is trained again."""


@dataclass(frozen=True)
class Breeding:
    """The settings of an evolution.

    Attributes:
        drawn: candidates that Algorithm 1 draws before any is bred.
        screening: the share of a training that these get: enough to tell which deserve to be trained on.
        population: the candidates that may have offspring: the best so far.
        tournament: of so many of them, drawn at random, the best has offspring.
        spanning: the probability that this is the one that spans the largest volume with what is had without learning:
            nobody who is hopeless in one objective.
        balanced: the probability that it is the one with the least sum of its places in the objectives: between those
            who are good in all, the small differences count. Else it is the one of the lowest rank, and of these the
            least crowded.
        crossover: the probability of two parents.
        fresh: the probability that a later candidate is drawn by Algorithm 1 all the same.
        inherit: whether children begin with their parents' weights.
    """

    drawn: int = 8
    screening: float = 0.25
    population: int = 12
    tournament: int = 4
    spanning: float = 0.4
    balanced: float = 0.4
    crossover: float = 0.25
    fresh: float = 0.05
    inherit: bool = True


class Evolution(Strategy):
    """Steady-state: every proposal is bred from the best of all that have ended, so no worker ever waits.

    Children inherit the weights of the networks they share with their parents, and go on from there.
    """

    def __init__(self, code: str, title: str, breeding: Breeding) -> None:
        self.code, self.title = code, title  # type: ignore[misc] # one class serves several rows of the table
        self.breeding = breeding
        # What follows from the candidates that have ended is not worked out again for each proposal.
        self._populations: WeakKeyDictionary[Ledger, tuple[set[int], Population]] = WeakKeyDictionary()

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:
        """See `Strategy`."""
        choose = RandomChoose(derived_seed(question.seed, trial.number, "breeding"))
        entries = ledger.entries()
        parents, points = self._population(ledger, entries)
        if len(parents) < 2 or trial.number < self.breeding.drawn:
            return self._screened(draw_at_random(question, trial.number))
        if choose.flag("fresh", self.breeding.fresh):
            return draw_at_random(question, trial.number)
        known = {(entry.result.key, entry.parents) for entry in entries if entry.result is not None}
        worst = chances(list(ledger.objectives.values()))
        merits = np.stack([volumes(points, worst), -places(points)], axis=1)
        for attempt in range(MOST_TRIES + 1):
            candidate = self._child(question, ledger, (parents, merits), choose, trial.number, attempt)
            if (content_key(candidate.graph), candidate.parents) not in known:
                break
        return candidate

    def keeps(self, ledger: Ledger) -> frozenset[int]:
        """See `Strategy`."""
        if not self.breeding.inherit:
            return frozenset()
        return frozenset(entry.number for entry in self._population(ledger, ledger.entries())[0])

    def _screened(self, candidate: Candidate) -> Candidate:
        """A drawn candidate with the training that the drawn ones get."""
        steps = max(1, round(self.breeding.screening * candidate.training.steps))
        return candidate.model_copy(update={"training": candidate.training.model_copy(update={"steps": steps})})

    def _population(self, ledger: Ledger, entries: list[Entry]) -> tuple[list[Entry], Points]:
        """The best of those that have ended, the best first, and their objectives, all minimised.

        They are taken in in the order in which they ended: who has left has no weights any more.
        """
        done, population = self._populations.get(ledger, (set(), None))
        if population is None:
            population = Population(self.breeding.population, len(ledger.objectives))
            self._populations[ledger] = done, population
        ended = [e for e in entries if e.ended is not None and e.state != "failed" and e.number not in done]
        for entry in sorted(ended, key=lambda e: (e.ended, e.number)):
            population.add(entry.number, losses([ledger.point(entry)], list(ledger.objectives.values())))
            done.add(entry.number)
        by_number = {entry.number: entry for entry in entries}
        return [by_number[number] for number in population.members], population.points

    def _child(
        self,
        question: Question,
        ledger: Ledger,
        ranked: tuple[list[Entry], Points],
        choose: Choose,
        number: int,
        attempt: int,
    ) -> Candidate:
        name = f"try{attempt}"
        first = self._parent(*ranked, choose, f"{name}.first")
        both, given = [first], (question.problem.description, question.space, choose)
        batch = question.training.batch
        if choose.flag(f"{name}.crossover", self.breeding.crossover):
            both.append(self._parent(*ranked, choose, f"{name}.second"))
        if len({entry.number for entry in both}) == 2:
            variation = cross(_asked(question, both[0]), _asked(question, both[1]), *given)
        else:
            variation = mutate(_asked(question, first), *given, batch=batch)
        training = variation.training.model_copy(update={"seed": derived_seed(question.seed, number, "training")})
        inherits = {}
        if self.breeding.inherit:
            inherits = {name: (both[i].number, network) for name, (i, network) in variation.origins.items()}
        child = Candidate(graph=variation.graph, training=training, parent=first.number, inherits=inherits)
        return child.model_copy(update={"lineage_samples": ledger.samples_seen(child.parents)})

    def _parent(self, population: list[Entry], merits: Points, choose: Choose, name: str) -> Entry:
        """The best of a few drawn at random; `merits` has of each the volume it spans, and minus its places."""
        drawn = [choose.integer(f"{name}.{i}", 0, len(population) - 1) for i in range(self.breeding.tournament)]
        spanning, share = self.breeding.spanning, choose.real(f"{name}.merit", 0, 1)
        if share >= spanning + self.breeding.balanced:
            return population[min(drawn)]
        merit = merits[:, 0 if share < spanning else 1]
        return population[min(drawn, key=lambda i: (-merit[i], i))]


def _asked(question: Question, entry: Entry) -> Candidate:
    """A candidate that sees the search's samples, in batches of its own."""
    own = entry.candidate.training
    asked = own.model_copy(update={"batch": question.training.batch, "steps": question.training.steps})
    return entry.candidate.model_copy(update={"training": asked.in_batches(own.batch)})


EVOLUTIONS = (Evolution("evolution", "graphs bred from the best so far, with the weights they share", Breeding()),)
