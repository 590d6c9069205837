"""Evolution over typed graphs: parents by volume, places or crowding, children that inherit weights."""

from dataclasses import dataclass, field
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
from valp.keys import content_key, structure_key

FIRST_MOVES = ("condition",)
"""What the first children of drawn candidates get where they can: nothing helps samples as much."""

MOST_TRIES = 8
"""Variations of a graph that are drawn before one that was there already is trained again."""


@dataclass(frozen=True)
class Breeding:
    """The settings of an evolution.

    Attributes:
        drawn: candidates that Algorithm 1 draws before any is bred; at most a third of a search.
        screening: the full trainings that these get together, in the smallest batches: enough steps to tell which
            deserve to be trained on.
        promoted: so many of these, but half of them at most, have the first children, one each: the best by the volume
            they span. Those who were trained on would else hide what the others might become. These children's decoders
            get a condition, where they lack one.
        population: the candidates that may have offspring: the best so far.
        tournament: of so many of them, drawn at random, the best has offspring.
        spanning: the probability that this is the one that spans the largest volume with what is had without learning:
            nobody who is hopeless in one objective.
        balanced: the probability that it is the one with the least sum of its places in the objectives: between those
            who are good in all, the small differences count. Else it is the one of the lowest rank, and of these the
            least crowded.
        crossover: the probability of two parents. The second is the one that completes the first best, of as many: the
            two would span most, were each output as in the better one.
        tuned: the probability that a child may have the structure of somebody in the population, and other β or another
            training alone.
        fresh: the probability that a later candidate is drawn all the same, and screened; not in the last quarter of a
            search, where it would stay without offspring.
        slower: the probability that a child of a bred one learns at half its parent's rate: what was trained on for
            longer gains by smaller steps.
        inherit: whether children begin with their parents' weights.
        generation: the share of a full training that these children get: shorter generations are more of them in the
            same samples. Who begins afresh gets a full one.
        afresh: the probability that a child begins with fresh weights all the same, in the second half of a search for
            several objectives: what a graph is worth by itself shows where nothing was learnt before. Where there is
            one, nothing but its figure counts, and who is trained on has the better one.
        rooted: the probability that the parents of such a child are chosen among the best of those who began afresh.
            Others have learnt for longer, and would else hide these.
    """

    drawn: int = 16
    screening: float = 1.0
    promoted: int = 4
    population: int = 12
    tournament: int = 4
    spanning: float = 0.4
    balanced: float = 0.4
    crossover: float = 0.25
    tuned: float = 0.15
    fresh: float = 0.05
    slower: float = 0.4
    inherit: bool = True
    generation: float = 0.5
    afresh: float = 0.5
    rooted: float = 0.7

    def drawn_of(self, candidates: int) -> int:
        """How many are drawn before any is bred in a search of so many candidates."""
        return max(1, min(self.drawn, candidates // 3))


class Evolution(Strategy):
    """Steady-state: every proposal is bred from the best of all that have ended, so no worker ever waits.

    Children inherit the weights of the networks they share with their parents, and go on from there.
    """

    def __init__(self, code: str, title: str, breeding: Breeding) -> None:
        self.code, self.title = code, title  # type: ignore[misc] # one class serves several rows of the table
        self.breeding = breeding
        # What follows from the candidates that have ended is not worked out again for each proposal.
        self._pasts: WeakKeyDictionary[Ledger, _Past] = WeakKeyDictionary()

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:
        """See `Strategy`."""
        choose = RandomChoose(derived_seed(question.seed, trial.number, "breeding"))
        past = self._past(ledger)
        parents, points = past.entries(past.population), past.population.points
        drawn = self.breeding.drawn_of(question.candidates)
        late = 4 * trial.number >= 3 * question.candidates
        fresh = choose.flag("fresh", 0.0 if late else self.breeding.fresh)
        if len(parents) < 2 or trial.number < drawn or fresh:
            share = min(1.0, self.breeding.screening / drawn)
            smallest = min(question.space.batches_of(question.training.batch))
            return _trained(question, draw_at_random(question, trial.number), share, smallest)
        worst = chances(list(ledger.objectives.values()))
        ranked = _Ranked(parents, points, worst)
        promoted = self._promoted(ranked, drawn, trial.number - drawn)
        inherits, several = self.breeding.inherit, len(ledger.objectives) > 1
        if inherits and several and promoted is None and 2 * trial.number >= question.candidates:
            inherits = not choose.flag("afresh", self.breeding.afresh)
            if not inherits and len(past.rooted.members) > 1 and choose.flag("rooted", self.breeding.rooted):
                parents = past.entries(past.rooted)
                ranked = _Ranked(parents, past.rooted.points, worst)
        taken = set() if choose.flag("tunes", self.breeding.tuned) else {entry.structure for entry in parents}
        for attempt in range(MOST_TRIES + 1):
            candidate = self._child(question, ledger, ranked, choose, trial.number, attempt, promoted, inherits)
            again = (content_key(candidate.graph), candidate.parents) in past.known
            if not again and structure_key(candidate.graph) not in taken:
                break
        return candidate

    def keeps(self, ledger: Ledger) -> frozenset[int]:
        """See `Strategy`."""
        if not self.breeding.inherit:
            return frozenset()
        return frozenset(self._past(ledger).population.members)

    def _promoted(self, ranked: "_Ranked", drawn: int, place: int) -> int | None:
        """The row of the drawn one in this place, from 0; None if nobody there is promoted."""
        rows = [row for row, entry in enumerate(ranked.members) if entry.number < drawn]
        best = sorted(rows, key=lambda row: (-ranked.spanned[row], row))[: min(self.breeding.promoted, drawn // 2)]
        return best[place] if place < len(best) else None

    def _past(self, ledger: Ledger) -> "_Past":
        """What is known of those that have ended by now."""
        past = self._pasts.get(ledger)
        if past is None:
            population, rooted = (Population(self.breeding.population, len(ledger.objectives)) for _ in range(2))
            past = self._pasts[ledger] = _Past(population, rooted)
        past.take(ledger)
        return past

    def _child(
        self,
        question: Question,
        ledger: Ledger,
        ranked: "_Ranked",
        choose: Choose,
        number: int,
        attempt: int,
        promoted: int | None,
        inherits: bool,
    ) -> Candidate:
        name = f"try{attempt}"
        rows = [self._parent(ranked, choose, f"{name}.first") if promoted is None else promoted]
        if promoted is None and choose.flag(f"{name}.crossover", self.breeding.crossover):
            rows.append(self._partner(ranked, rows[0], choose, f"{name}.second"))
        both, given = [ranked.members[row] for row in rows], (question.problem.description, question.space, choose)
        first, share = both[0], self.breeding.generation if inherits else 1.0
        asked = [_trained(question, entry.candidate, share, entry.candidate.training.batch) for entry in both]
        if len(set(rows)) == 2:
            better = _better(question, ledger, ranked.points[rows[0]] - ranked.points[rows[1]])
            variation = cross(asked[0], asked[1], *given, better=better)
        else:
            rather = () if promoted is None else FIRST_MOVES
            variation = mutate(asked[0], *given, batch=question.training.batch, rather=rather)
        seed = derived_seed(question.seed, number, "training")
        training = variation.training.model_copy(update={"seed": seed})
        if inherits and first.parents and choose.flag(f"{name}.slower", self.breeding.slower):
            rate = max(question.space.learning_rate[0], training.learning_rate / 2)
            training = training.model_copy(update={"learning_rate": min(rate, training.learning_rate)})
        origins = variation.origins if inherits else {}
        weights = {name: (both[i].number, network) for name, (i, network) in origins.items()}
        child = Candidate(graph=variation.graph, training=training, parent=first.number, inherits=weights)
        return child.model_copy(update={"lineage_samples": ledger.samples_seen(child.parents)})

    def _parent(self, ranked: "_Ranked", choose: Choose, name: str) -> int:
        """The row of the best of a few drawn at random."""
        rows = self._few(ranked, choose, name)
        spanning, share = self.breeding.spanning, choose.real(f"{name}.merit", 0, 1)
        if share >= spanning + self.breeding.balanced:
            return min(rows)
        merit = ranked.spanned if share < spanning else ranked.balance
        return min(rows, key=lambda row: (-merit[row], row))

    def _partner(self, ranked: "_Ranked", first: int, choose: Choose, name: str) -> int:
        """The row of who completes a first parent best, of a few drawn at random."""
        together = volumes(np.minimum(ranked.points, ranked.points[first]), ranked.worst)
        return min(self._few(ranked, choose, name), key=lambda row: (-together[row], row))

    def _few(self, ranked: "_Ranked", choose: Choose, name: str) -> list[int]:
        last = len(ranked.members) - 1
        return [choose.integer(f"{name}.{i}", 0, last) for i in range(self.breeding.tournament)]


class _Ranked:
    """The population as parents, a row each, the best first.

    Attributes:
        members: the candidates.
        points: (members, objectives), all minimised.
        worst: what is had without learning.
        spanned: of each the volume it spans.
        balance: of each minus the sum of its places.
    """

    def __init__(self, members: list[Entry], points: Points, worst: Points) -> None:
        self.members, self.points, self.worst = members, points, worst
        self.spanned, self.balance = volumes(points, worst), -places(points)


@dataclass
class _Past:
    """Those that have ended, taken in in the order in which they did: who has left has no weights any more.

    Attributes:
        population: the best of them.
        ended: all of them, by number.
        known: keys and parents of their graphs.
        rooted: the best of the bred ones that began afresh.
    """

    population: Population
    rooted: Population
    ended: dict[int, Entry] = field(default_factory=dict)
    known: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)

    def take(self, ledger: Ledger) -> None:
        """Takes in who has ended since."""
        metrics = list(ledger.objectives.values())
        later = [e for e in ledger.entries() if e.number not in self.ended and e.ended is not None]
        for entry in sorted(later, key=lambda e: (e.ended, e.number)):
            self.ended[entry.number] = entry
            if entry.result is not None:
                self.known.add((entry.result.key, entry.parents))
            if entry.state != "failed":
                point = losses([ledger.point(entry)], metrics)
                self.population.add(entry.number, point)
                if entry.candidate.parent is not None and not entry.parents:
                    self.rooted.add(entry.number, point)

    def entries(self, population: Population) -> list[Entry]:
        """The members, the best first."""
        return [self.ended[number] for number in population.members]


def _better(question: Question, ledger: Ledger, gains: Points) -> list[str]:
    """The outputs of which more objectives gain than lose; `gains` has what each objective would gain."""
    ahead: dict[str, float] = {}
    for name, lead in zip(ledger.objectives, np.sign(gains), strict=True):
        output, _ = question.problem.description.metrics[name]
        ahead[output] = ahead.get(output, 0) + float(lead)
    return [output for output, lead in ahead.items() if lead > 0]


def _trained(question: Question, candidate: Candidate, share: float, batch: int) -> Candidate:
    """A candidate that sees this share of the search's samples, in such batches."""
    steps = max(1, round(share * question.training.steps * question.training.batch / batch))
    training = candidate.training.model_copy(update={"batch": batch, "steps": steps})
    return candidate.model_copy(update={"training": training})


EVOLUTIONS = (Evolution("evolution", "graphs bred from the best so far, with the weights they share", Breeding()),)
