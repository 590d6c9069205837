"""Random search: Algorithm 1, again and again (Garciarena et al., section V)."""

from optuna.trial import Trial

from valp.search.run.ledger import Ledger
from valp.search.strategies.strategy import Question, Strategy, draw_at_random
from valp.spaces.candidate import Candidate


class RandomSearch(Strategy):
    """Every candidate is drawn afresh."""

    code, title = "random", "Algorithm 1 of the VALP paper, every candidate drawn afresh"

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:  # noqa: ARG002 - it learns nothing
        """See `Strategy`."""
        return draw_at_random(question, trial.number)
