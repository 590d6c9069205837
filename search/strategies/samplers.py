"""Optuna's multi-objective samplers, over the fixed slots of a space."""

from collections.abc import Callable

from optuna.samplers import BaseSampler, NSGAIIISampler, NSGAIISampler, TPESampler
from optuna.trial import Trial

from search.ledger import Ledger
from search.slots import SlotChoose
from search.strategies.base import Question, Strategy, derived_seed, draw
from spaces.candidate import Candidate

POPULATION = 20
"""A generation of NSGA-II and NSGA-III; Optuna's own 50 would spend most short searches on the first."""


class SamplerStrategy(Strategy):
    """A sampler of Optuna's proposes the values of the slots, and Algorithm 1 builds the graph from them.

    The sampler learns from candidates that were trained to the end.
    """

    def __init__(self, code: str, title: str, make: Callable[[int], BaseSampler]) -> None:
        self.code, self.title = code, title  # type: ignore[misc] # one class serves three rows of the table
        self._make = make

    def sampler(self, seed: int, number: int) -> BaseSampler:
        """See `Strategy`."""
        return self._make(derived_seed(seed, number, "sampler"))

    def propose(self, question: Question, ledger: Ledger, trial: Trial) -> Candidate:  # noqa: ARG002 - the trial's sampler reads it
        """See `Strategy`."""
        choose = SlotChoose.of_trial(trial, question.space, question.problem.outputs)
        return draw(question, choose, trial.number)


SAMPLER_STRATEGIES = (
    SamplerStrategy(
        "tpe",
        "Optuna's tree-structured Parzen estimator",
        # Optuna 5 would let running trials into the model, and a proposal shall follow from those it has seen.
        lambda seed: TPESampler(seed=seed, constant_liar=False),
    ),
    SamplerStrategy("nsga2", "Optuna's NSGA-II", lambda seed: NSGAIISampler(seed=seed, population_size=POPULATION)),
    SamplerStrategy("nsga3", "Optuna's NSGA-III", lambda seed: NSGAIIISampler(seed=seed, population_size=POPULATION)),
)
