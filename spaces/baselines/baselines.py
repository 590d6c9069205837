"""The table of baselines, and how many of them a search has."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil

from valp.spaces.baselines.baseline_codes import LINEAR, NETWORK, NO_LEARNING, TREES, TUNED, WEIGHTED, Level
from valp.spaces.baselines.conditional_vae import conditional_vae
from valp.spaces.baselines.drawn_network import drawn_network
from valp.spaces.baselines.fitted import linear, no_learning, trees
from valp.spaces.baselines.single_task import WIDE, WIDE_DECAY, single_task
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import Space
from valp.spaces.problem.answers import Answers
from valp.spaces.problem.problem import Problem

SHARE = 6
"""The tuned network of each output is the best of as many drawn ones as a sixth of the search's candidates, ..."""

FEWEST, MOST = 4, 16
"""... but of at least four and at most sixteen, and of those that are tried first."""

TRIED_FIRST = 3
"""The number of those: the usual one, a wide one, and a conditional VAE. Where one is missing, one more is drawn."""

MOST_TRAININGS = 8
"""The best tuned network is trained on for as many samples as a candidate and its ancestors have seen, but for no more
than eight trainings."""

Fit = Callable[[Problem, str], Answers | None]

_QUICK: dict[str, Fit] = {NO_LEARNING: no_learning, LINEAR: linear, LINEAR + WEIGHTED: partial(linear, weighted=True)}
_TREES: dict[str, Fit] = {TREES: trees, TREES + WEIGHTED: partial(trees, weighted=True)}

FITTED: Mapping[Level, Mapping[str, Fit]] = {"none": {}, "quick": _QUICK, "tuned": _QUICK | _TREES}
"""The baselines without a graph, by level and code."""


def is_fitted(problem: Problem, output: str, code: str) -> bool:
    """Whether a baseline of `FITTED` is fitted for an output: one with class weights only if the output has some."""
    return output in problem.class_weights or not code.endswith(WEIGHTED)


@dataclass(frozen=True)
class NetworkBaseline:
    """A single-task network to train.

    Attributes:
        output: the output that it learns.
        code: its name in the run: `network`, `tuned-1`, `tuned-2`, ... or `longer`.
        candidate: its graph and training.
    """

    output: str
    code: str
    candidate: Candidate


def networks(
    problem: Problem, space: Space, training: Training, seed: int, candidates: int, level: Level
) -> Iterator[NetworkBaseline]:
    """The single-task networks that a search trains before its candidates.

    Args:
        problem: the problem.
        space: the ranges of the search. Tuned networks are drawn from them.
        training: a full training of the search.
        seed: the seed of the search.
        candidates: the number of its candidates.
        level: which baselines it has.
    """
    tuned = TRIED_FIRST + min(MOST, max(FEWEST, ceil(candidates / SHARE)))
    count = {"none": 0, "quick": 1, "tuned": tuned}[level]
    for number in range(count):
        for output in problem.outputs:
            first = _tried_first(problem, output.name, training, number)
            code = f"{TUNED}-{number}" if number else NETWORK
            place = f"{seed}:{output.name}:{number}"
            yield NetworkBaseline(
                output.name, code, first or drawn_network(problem, output.name, space, training, place)
            )


def _tried_first(problem: Problem, output: str, training: Training, number: int) -> Candidate | None:
    """The networks that are not drawn: the usual one, a wide one whose learning rate falls, a conditional VAE."""
    falling = training.model_copy(update={"decay": WIDE_DECAY})
    usual = Candidate(graph=single_task(problem, output), training=training)
    if number == 0:
        return usual
    if number == 1:
        wide = Candidate(graph=single_task(problem, output, WIDE), training=falling)
        return None if wide == usual else wide  # without dense layers, only the decay may differ
    graph = conditional_vae(problem, output) if number == 2 else None
    return None if graph is None else Candidate(graph=graph, training=falling)


def trained_longer(candidate: Candidate, samples: int) -> Candidate:
    """The same network, trained from scratch on about this many samples."""
    training = candidate.training
    steps = max(training.steps, round(samples / training.batch))
    return candidate.model_copy(update={"training": training.model_copy(update={"steps": steps})})
