"""The interface of a strategy, and functions that draw candidates by Algorithm 1."""

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
    """What a strategy needs to know of the search to make a proposal.

    Attributes:
        problem: the problem to learn.
        space: the space of possible candidates.
        training: the settings of a full training. Batch × steps is the budget of samples; a proposal may change the
            other settings.
        seed: the seed of the search.
        candidates: the number of candidates in the finished search.
    """

    problem: Problem
    space: Space
    training: Training
    seed: int
    candidates: int


class Strategy(ABC):
    """Proposes candidates from the ledger, without any state between proposals.

    A proposal is a function of the ledger, the seed of the search and the number of the candidate.

    Attributes:
        code: its name on the command line.
        title: a one-line description.
        reads_parameters: whether a proposal may depend on Optuna's parameters of earlier trials. If not, a lost ledger
            can be rebuilt from the candidates and their results alone.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    reads_parameters: ClassVar[bool] = True

    def sampler(self, seed: int, number: int) -> BaseSampler:
        """A new Optuna sampler for the trial of one proposal."""
        return RandomSampler(seed=derived_seed(seed, number, "sampler"))

    def require(self, problem: Problem, space: Space) -> None:
        """Checks that the strategy can propose candidates for a problem and a space.

        Raises:
            SettingError: if it cannot. The message says why.
        """
        drawn_graph(problem, space, RandomChoose(0))

    def keeps(self, ledger: Ledger) -> frozenset[int]:  # noqa: ARG002 - most inherit nothing
        """The candidates whose weights must be kept, because a later proposal may inherit them."""
        return frozenset()

    @abstractmethod
    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:
        """The candidate for `trial`, whose number and sampler are set."""


def draw_at_random(question: Question, number: int) -> Candidate:
    """The candidate with this number, drawn by Algorithm 1."""
    return draw(question, RandomChoose(derived_seed(question.seed, number, "graph")), number)


def derived_seed(seed: int, number: int, purpose: str) -> int:
    """A separate seed for each candidate and purpose."""
    return Random(f"{seed}:{number}:{purpose}").randrange(SEEDS)


def drawn_graph(problem: Description, space: Space, choose: Choose) -> Graph:
    """A graph that Algorithm 1 of Garciarena et al. draws for a problem."""
    return initialize(
        problem.inputs,
        problem.outputs,
        problem.losses,
        space,
        choose,
        images=problem.images,
        variances=problem.variances,
        conditions=problem.conditions,
    )


def draw(question: Question, choose: Choose, number: int) -> Candidate:
    """A candidate from Algorithm 1, with training settings drawn by `choose`."""
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
