"""Asks the strategy of a search for candidates, and records them in the ledger."""

from dataclasses import replace

from optuna.trial import Trial

from valp.errors import FileError, SearchError, message_line
from valp.graph.graph import Graph
from valp.search.run.claims import Claims
from valp.search.run.ledger import Ledger
from valp.search.run.settings import Settings
from valp.search.strategies import STRATEGIES, Question
from valp.search.strategies.start_graphs import Seeded
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import space_of
from valp.spaces.problem.problem import Problem


class Proposer:
    """Makes the candidates of a search.

    Args:
        problem: the problem to learn.
        settings: the settings of the run.
        ledger: its ledger.
        claims: the claims of the driver.
        total: the number of candidates in the finished run.
        start_from: the graphs of the first candidates.

    Attributes:
        question: what strategies are asked.
        strategy: the strategy, after the graphs of the first candidates.
    """

    def __init__(
        self,
        problem: Problem,
        settings: Settings,
        ledger: Ledger,
        claims: Claims,
        total: int,
        start_from: tuple[Graph, ...],
    ) -> None:
        space = replace(space_of(settings.space, settings.kinds, settings.balance), priors=settings.priors)
        training = Training(steps=settings.steps, batch=settings.batch, decay=space.decay, seed=settings.seed)
        self.question = Question(problem, space, training, settings.seed, total)
        self.strategy = Seeded(STRATEGIES[settings.strategy], start_from)
        self._name, self._seed = settings.strategy, settings.seed
        self._ledger, self._claims, self._total = ledger, claims, total

    def new(self) -> tuple[int, Candidate] | None:
        """The next candidate, with its number; None if all candidates have a number.

        Raises:
            SearchError: if the strategy, which may be of another package, raises anything.
        """
        trial = self._claims.ask(self._total, lambda number: self.strategy.sampler(self._seed, number))
        return None if trial is None else (trial.number, self._proposed(trial))

    def recorded(self, number: int) -> Candidate:
        """The candidate of an unfinished trial. If its proposal was interrupted, it is proposed again.

        Raises:
            SearchError: if the strategy, which may be of another package, raises anything.
        """
        trial = self._ledger.trial(number)
        if "candidate" in trial.user_attrs:
            return self._ledger.entry(number).candidate
        return self._proposed(self._ledger.again(trial, self.strategy.sampler(self._seed, number)))

    def _proposed(self, trial: Trial) -> Candidate:
        """Proposes a candidate for a trial, and records it."""
        with self._claims.proposing():
            try:
                candidate = self.strategy.propose(self.question, self._ledger, trial)
            except FileError:  # not the strategy's fault
                raise
            except Exception as error:
                reason = message_line(error)
                raise SearchError(
                    f"strategy {self._name!r} cannot propose candidate {trial.number}: {type(error).__name__}: {reason}"
                ) from error
            self._ledger.propose(trial, candidate)
        return candidate
