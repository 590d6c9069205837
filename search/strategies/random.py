"""Random search: Algorithm 1, again and again (002, V)."""

from optuna.trial import Trial

from search.ledger import Ledger
from search.strategies.base import Question, Strategy, derived_seed, draw
from spaces.candidate import Candidate
from spaces.choose import RandomChoose


class RandomSearch(Strategy):
    """Every candidate is drawn afresh."""

    code, title = "random", "Algorithm 1 of the VALP paper, every candidate drawn afresh"

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:  # noqa: ARG002 - it learns nothing
        """See `Strategy`."""
        return draw(question, RandomChoose(derived_seed(question.seed, trial.number, "graph")), trial.number)
