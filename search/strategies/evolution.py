"""Evolution over typed graphs. Good candidates have children, which inherit weights."""

from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from optuna.trial import Trial

from valp.check.keys import content_key
from valp.search.pareto.front import chances, losses
from valp.search.pareto.population import Population
from valp.search.run.ledger import Ledger
from valp.search.run.ledger_entry import Entry, by_end
from valp.search.strategies.breeding import LATE, Breeding, Litter, Ranked, trained
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

    reads_parameters = False

    def __init__(self, code: str, title: str, breeding: Breeding) -> None:
        self.code, self.title = code, title  # type: ignore[misc] # one class serves several rows of the table
        self.breeding = breeding
        # Kept between proposals, so that finished candidates are read once.
        self._pasts: WeakKeyDictionary[Ledger, _Past] = WeakKeyDictionary()

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:
        """See `Strategy`."""
        breeding, number, past = self.breeding, trial.number, self._past(ledger)
        choose, population = RandomChoose(derived_seed(question.seed, number, "breeding")), past.population
        if len(population.members) < 2 or number < breeding.drawn_of(question.candidates):
            smallest = min(question.space.batches_of(question.training.batch))
            return trained(question, _drawn(question, number, choose), breeding.generation, smallest)
        members = [past.ended[member] for member in population.members]
        parents = Ranked(members, population.points, chances(list(ledger.objectives.values())))
        late = number >= LATE * question.candidates
        litter = Litter(breeding, question, ledger, number, choose, parents, late)
        for attempt in range(MOST_TRIES + 1):
            candidate = litter.child(attempt)
            if (content_key(candidate.graph), candidate.parents) not in past.known:
                break
        return candidate

    def keeps(self, ledger: Ledger) -> frozenset[int]:
        """See `Strategy`."""
        if not self.breeding.inherit:
            return frozenset()
        return frozenset(self._past(ledger).population.members)

    def _past(self, ledger: Ledger) -> "_Past":
        """The finished candidates of a ledger, up to date."""
        past = self._pasts.get(ledger)
        if past is None:
            past = self._pasts[ledger] = _Past(Population(self.breeding.population, len(ledger.objectives)))
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
        count: how many there are.
    """

    population: Population
    ended: dict[int, Entry] = field(default_factory=dict)
    known: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)
    count: int = 0

    def take(self, ledger: Ledger) -> None:
        """Adds the candidates that have finished since the last call."""
        metrics = list(ledger.objectives.values())
        new = ledger.ended(after=self.count)
        self.count += len(new)
        for entry in by_end(new):
            self.ended[entry.number] = entry
            if entry.result is not None:
                self.known.add((entry.result.key, entry.parents))
            if entry.state == "complete":  # scores at a rung are of fewer samples, so they are not comparable
                self.population.add(entry.number, losses([ledger.point(entry)], metrics))


EVOLUTIONS = (Evolution("evolution", "children of the best candidates so far, with inherited weights", Breeding()),)
