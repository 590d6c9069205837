"""Random search: Algorithm 1 draws every candidate (Garciarena et al., section V)."""

from optuna.trial import Trial

from valp.search.run.ledger import Ledger
from valp.search.strategies.strategy import Question, Strategy, draw_at_random
from valp.spaces.candidate import Candidate


class RandomSearch(Strategy):
    """Draws every candidate independently by Algorithm 1."""

    code, title = "random", "every candidate drawn independently by Algorithm 1 of Garciarena et al."
    reads_parameters = False

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:  # noqa: ARG002 - it learns nothing
        """See `Strategy`."""
        return draw_at_random(question, trial.number)
