"""A search that starts with given graphs. Another strategy proposes the other candidates."""

from collections.abc import Sequence

from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import Trial

from valp.graph.graph import Graph
from valp.search.run.ledger import Ledger
from valp.search.strategies.strategy import Question, Strategy, derived_seed
from valp.spaces.candidate import Candidate
from valp.spaces.generate.space import Space
from valp.spaces.problem.problem import Problem
from valp.train.balance import completed


class Seeded(Strategy):
    """Proposes the given graphs first, in their order. Another strategy proposes the other candidates.

    A given graph has no values for the space's parameters, so Optuna's samplers do not learn from its trial.
    """

    code, title = "seeded", "given graphs first"

    def __init__(self, strategy: Strategy, graphs: Sequence[Graph]) -> None:
        self._strategy, self._graphs = strategy, tuple(graphs)

    def sampler(self, seed: int, number: int) -> BaseSampler:
        """See `Strategy`."""
        if number < len(self._graphs):
            return RandomSampler(seed=derived_seed(seed, number, "sampler"))
        return self._strategy.sampler(seed, number)

    def require(self, problem: Problem, space: Space) -> None:
        """See `Strategy`."""
        self._strategy.require(problem, space)

    def keeps(self, ledger: Ledger) -> frozenset[int]:
        """See `Strategy`."""
        return self._strategy.keeps(ledger)

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:
        """See `Strategy`; a given graph gets the question's training and the space's first balancing method."""
        if trial.number >= len(self._graphs):
            return self._strategy.propose(question, ledger, trial)
        seed = derived_seed(question.seed, trial.number, "training")
        drawn = {"seed": seed, "balance": completed(question.space.balances[0])}
        return Candidate(graph=self._graphs[trial.number], training=question.training.model_copy(update=drawn))
