"""What a strategy must say of itself."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import Trial

from valp.graph.graph import Graph
from valp.search.run.ledger import Ledger
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.algorithm1 import initialize
from valp.spaces.generate.choose import SEEDS, Choose, RandomChoose
from valp.spaces.generate.searched_balance import drawn_balance
from valp.spaces.generate.space import Space
from valp.spaces.problem.description import Description
from valp.spaces.problem.problem import Problem


@dataclass(frozen=True)
class Question:
    """What a proposal is asked for.

    Attributes:
        problem: what the candidate shall learn.
        space: what it may be.
        training: its batch × steps are the samples that a candidate sees; all else is the proposal's.
        seed: of the search.
        candidates: how many it shall have.
    """

    problem: Problem
    space: Space
    training: Training
    seed: int
    candidates: int


class Strategy(ABC):
    """Proposes candidates from the ledger, and keeps nothing between proposals.

    A proposal is a function of the ledger, the seed of the search and the number of the candidate.

    Attributes:
        code: its name on the command line.
        title: one line about it.
    """

    code: ClassVar[str]
    title: ClassVar[str]

    def sampler(self, seed: int, number: int) -> BaseSampler:
        """The Optuna sampler that a proposal's trial draws from; made anew for each."""
        return RandomSampler(seed=derived_seed(seed, number, "sampler"))

    def require(self, problem: Problem, space: Space) -> None:
        """Refuses a problem and a space for which it could propose nothing.

        Raises:
            SettingError: saying what does not fit.
        """
        drawn_graph(problem, space, RandomChoose(0))

    def keeps(self, ledger: Ledger) -> frozenset[int]:  # noqa: ARG002 - most inherit nothing
        """The candidates whose weights a later proposal may inherit, and which are therefore kept."""
        return frozenset()

    @abstractmethod
    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:
        """The candidate for `trial`, whose number and sampler are set."""


def draw_at_random(question: Question, number: int) -> Candidate:
    """The candidate of this number, drawn afresh by Algorithm 1."""
    return draw(question, RandomChoose(derived_seed(question.seed, number, "graph")), number)


def derived_seed(seed: int, number: int, purpose: str) -> int:
    """A seed of its own for each candidate and purpose."""
    return Random(f"{seed}:{number}:{purpose}").randrange(SEEDS)


def drawn_graph(problem: Description, space: Space, choose: Choose) -> Graph:
    """Algorithm 1 for a problem."""
    return initialize(
        problem.inputs,
        problem.outputs,
        problem.losses,
        space,
        choose,
        images=problem.images,
        variances=problem.variances,
    )


def draw(question: Question, choose: Choose, number: int) -> Candidate:
    """Algorithm 1 and the training settings, decided by `choose`."""
    problem, space = question.problem, question.space
    graph = drawn_graph(problem, space, choose)
    drawn: dict[str, Any] = {
        "learning_rate": choose.real("learning_rate", *space.learning_rate, log_scale=True),
        "kl_warmup": choose.category("kl_warmup", space.kl_warmups),
        "seed": derived_seed(question.seed, number, "training"),
    }
    batch = choose.category("batch", space.batches_of(question.training.batch))
    drawn["balance"] = drawn_balance(choose, space.balances)
    return Candidate(graph=graph, training=question.training.in_batches(batch).model_copy(update=drawn))
