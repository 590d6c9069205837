"""What the user asked of a search, checked before anything is written."""

from collections.abc import Iterable, Sequence
from typing import Any

from search.settings import Settings
from search.strategies import STRATEGIES
from spaces.problem import Problem
from spaces.space import SPACES
from valp.errors import SettingError


def settings_for(
    problem: Problem,
    strategy: str,
    space: str,
    objectives: Sequence[str],
    steps: int,
    batch: int,
    seed: int,
    protocol: Any,
    keep: Any,
) -> Settings:
    """The settings of a run.

    Raises:
        SettingError: naming the first one that is not possible.
    """
    one_of("strategy", strategy, STRATEGIES)
    one_of("space", space, SPACES)
    for objective in objectives:
        one_of("objective", objective, problem.metrics)
    if len(set(objectives)) < len(objectives):
        raise SettingError("an objective must be given once, but one is given twice")
    positive("steps", steps)
    positive("batch", batch)
    if seed < 0:
        raise SettingError(f"--seed must not be negative, but is {seed}")
    return Settings(
        problem=problem.name,
        fingerprint=problem.fingerprint,
        strategy=strategy,
        space=space,
        objectives=tuple(objectives) or problem.objectives,
        steps=steps,
        batch=batch,
        seed=seed,
        protocol=protocol,
        keep=keep,
    )


def one_of(name: str, value: str, known: Iterable[str]) -> None:
    """Refuses a word that is not known."""
    words = list(known)
    if value not in words:
        raise SettingError(f"--{name} must be one of {', '.join(words)}, but is {value!r}")


def positive(name: str, value: float) -> None:
    """Refuses a number that is not positive."""
    if not value > 0:
        raise SettingError(f"--{name} must be positive, but is {value:g}")
