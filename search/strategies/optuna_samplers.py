"""Strategies that use Optuna's multi-objective samplers on the fixed slots of a space."""

import warnings
from collections.abc import Callable

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIIISampler, NSGAIISampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial

from valp.search.run.ledger import Ledger
from valp.search.strategies.optuna_parameters import SlotChoose, slot_distributions
from valp.search.strategies.strategy import Question, Strategy, derived_seed, draw
from valp.spaces.candidate import Candidate
from valp.spaces.generate.space import Space
from valp.spaces.problem.problem import Problem

POPULATION = 20
"""The size of a generation of NSGA-II and NSGA-III. With Optuna's 50, a short search would hardly reach the second."""


class _ParentsAnew:
    """Makes a genetic sampler of Optuna depend only on the trials that it sees.

    Optuna selects the parents of a generation once and stores them in the study. Their order and the random numbers
    then depend on which trial asked first. Here they are selected again each time from the earlier generations.
    """

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        """The parents of a generation: the best of the previous generation and its parents."""
        parents: list[FrozenTrial] = []
        for earlier in range(generation):
            pool = self.get_population(study, earlier) + parents  # type: ignore[attr-defined] # the sampler's own
            elite = self._elite_population_selection_strategy(study, pool)  # type: ignore[attr-defined]
            parents = sorted(elite, key=lambda trial: trial.number)
        return parents


class _NSGAII(_ParentsAnew, NSGAIISampler):
    pass


class _NSGAIII(_ParentsAnew, NSGAIIISampler):
    pass


class SamplerStrategy(Strategy):
    """An Optuna sampler proposes the values of the slots, and Algorithm 1 builds the graph from them.

    The sampler learns only from candidates that were trained to the end.
    """

    def __init__(self, code: str, title: str, make: Callable[[int], BaseSampler]) -> None:
        self.code, self.title = code, title  # type: ignore[misc] # one class serves three rows of the table
        self._make = make

    def sampler(self, seed: int, number: int) -> BaseSampler:
        """See `Strategy`."""
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ExperimentalWarning
            )  # NSGA-III is experimental, and the user cannot change that
            return self._make(derived_seed(seed, number, "sampler"))

    def require(self, problem: Problem, space: Space) -> None:
        """See `Strategy`; also refuses a space with too many parameters."""
        super().require(problem, space)
        slot_distributions(space, problem)

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:  # noqa: ARG002 - the trial's sampler reads it
        """See `Strategy`."""
        choose = SlotChoose.of_trial(trial, question.space, question.problem)
        return draw(question, choose, trial.number)


SAMPLER_STRATEGIES = (
    SamplerStrategy(
        "tpe",
        "Optuna's tree-structured Parzen estimator",
        # Optuna 5 would include running trials in the model, but a proposal must depend only on finished ones.
        lambda seed: TPESampler(seed=seed, constant_liar=False),
    ),
    SamplerStrategy("nsga2", "Optuna's NSGA-II", lambda seed: _NSGAII(seed=seed, population_size=POPULATION)),
    SamplerStrategy("nsga3", "Optuna's NSGA-III", lambda seed: _NSGAIII(seed=seed, population_size=POPULATION)),
)
