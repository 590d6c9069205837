"""Evolution over typed graphs. Good candidates have children, which inherit weights."""

from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from optuna.trial import Trial

from valp.check.keys import content_key, structure_key
from valp.search.pareto.front import chances, losses
from valp.search.pareto.population import Population
from valp.search.run.ledger import Entry, Ledger, by_end
from valp.search.strategies.breeding import Breeding, Litter, Ranked, trained
from valp.search.strategies.strategy import Question, Strategy, derived_seed, draw_at_random
from valp.spaces.candidate import Candidate
from valp.spaces.generate.algorithm1 import fewest
from valp.spaces.generate.choose import Choose, RandomChoose

MOST_TRIES = 8
"""How often a child is drawn again because its graph is already known."""


class Evolution(Strategy):
    """Steady-state evolution: every proposal is bred from the best finished candidates, so no worker has to wait.

    Children inherit the weights of the networks that they share with their parents, and their training continues from
    there.
    """

    def __init__(self, code: str, title: str, breeding: Breeding) -> None:
        self.code, self.title = code, title  # type: ignore[misc] # one class serves several rows of the table
        self.breeding = breeding
        # Kept between proposals, so that finished candidates are read once.
        self._pasts: WeakKeyDictionary[Ledger, _Past] = WeakKeyDictionary()

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:
        """See `Strategy`."""
        breeding, number, past = self.breeding, trial.number, self._past(ledger)
        choose = RandomChoose(derived_seed(question.seed, number, "breeding"))
        drawn = breeding.drawn_of(question.candidates)
        late = 4 * number >= 3 * question.candidates
        fresh = choose.flag("fresh", 0.0 if late else breeding.fresh)
        if len(past.population.members) < 2 or number < drawn or fresh:
            smallest = min(question.space.batches_of(question.training.batch))
            return trained(question, _drawn(question, number, choose), breeding.generation, smallest)
        inherits, population = breeding.inherit, past.population
        several, first = len(ledger.objectives) > 1, number - drawn < breeding.promoted
        may = not first and number >= breeding.afresh_from * question.candidates
        if inherits and several and may and choose.flag("afresh", breeding.afresh):
            inherits = False
            if len(past.rooted.members) > 1 and choose.flag("rooted", 1.0 if late else breeding.rooted):
                population = past.rooted
        members = [past.ended[member] for member in population.members]
        parents = Ranked(members, population.points, chances(list(ledger.objectives.values())))
        only = self._promoted(parents, drawn, number - drawn)
        litter = Litter(breeding, question, ledger, number, choose, parents, only, inherits, late)
        taken = set() if choose.flag("tunes", breeding.tuned) else {entry.structure for entry in members}
        for attempt in range(MOST_TRIES + 1):
            candidate = litter.child(attempt)
            again = (content_key(candidate.graph), candidate.parents) in past.known
            if not again and structure_key(candidate.graph) not in taken:
                break
        return candidate

    def keeps(self, ledger: Ledger) -> frozenset[int]:
        """See `Strategy`."""
        if not self.breeding.inherit:
            return frozenset()
        return frozenset(self._past(ledger).population.members)

    def _promoted(self, parents: Ranked, drawn: int, place: int) -> int | None:
        """The row of the drawn candidate that is promoted at this place, from 0; None if there is none."""
        best = sorted(parents.before(drawn), key=lambda row: (-parents.spanned[row], row))
        most = min(self.breeding.promoted, drawn // 2, len(best))
        return best[place] if place < most else None

    def _past(self, ledger: Ledger) -> "_Past":
        """The finished candidates of a ledger, up to date."""
        past = self._pasts.get(ledger)
        if past is None:
            population, rooted = (Population(self.breeding.population, len(ledger.objectives)) for _ in range(2))
            past = self._pasts[ledger] = _Past(population, rooted)
        past.take(ledger)
        return past


def _drawn(question: Question, number: int, choose: Choose) -> Candidate:
    """A candidate drawn by Algorithm 1 with a random maximum size.

    Algorithm 1 adds networks up to the maximum. Smaller graphs learn faster and have room to grow (cf. NEAT, Stanley
    and Miikkulainen 2002, which starts from the smallest graph).
    """
    problem, space = question.problem, question.space
    least = fewest(problem.inputs, problem.outputs, problem.images, space)
    size = choose.integer("networks", least, space.max_n)
    return draw_at_random(replace(question, space=replace(space, max_n=size)), number)


@dataclass
class _Past:
    """The finished candidates, added in the order of finishing, because only members of the population keep weights.

    Attributes:
        population: the best of them.
        ended: all of them, by number.
        known: the keys and parents of their graphs.
        rooted: the best of the children that were trained from scratch.
    """

    population: Population
    rooted: Population
    ended: dict[int, Entry] = field(default_factory=dict)
    known: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)

    def take(self, ledger: Ledger) -> None:
        """Adds the candidates that have finished since the last call."""
        metrics = list(ledger.objectives.values())
        for entry in by_end(entry for entry in ledger.entries() if entry.number not in self.ended):
            self.ended[entry.number] = entry
            if entry.result is not None:
                self.known.add((entry.result.key, entry.parents))
            if entry.state == "complete":  # scores at a rung are of fewer samples, so they are not comparable
                point = losses([ledger.point(entry)], metrics)
                self.population.add(entry.number, point)
                if entry.candidate.parent is not None and not entry.parents:
                    self.rooted.add(entry.number, point)


EVOLUTIONS = (Evolution("evolution", "children of the best candidates so far, with inherited weights", Breeding()),)
