"""The compared strategies and their variants, and how many samples each may see."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, fields, replace
from typing import Any

from valp.errors import SettingError
from valp.search.run.ledger import Ledger
from valp.search.strategies import STRATEGIES, Strategy
from valp.search.strategies.breeding import Breeding
from valp.search.strategies.evolution import Evolution
from valp.train.balance import read_balance

BALANCE = "balance="


@dataclass(frozen=True)
class Contender:
    """A strategy, and the number of samples that its searches may see.

    Attributes:
        code: the code of the strategy, with `:` before each variant: `evolution:no-inherit:halving`.
        trainings: the number of samples, in full trainings.
        strategy: the strategy, which proposes candidates.
        halving: whether candidates are stopped early by successive halving.
        balance: the balancing methods of its space; the default ones of the space if empty.
    """

    code: str
    trainings: int
    strategy: Strategy
    halving: bool = False
    balance: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, trainings: int) -> "Contender":
        """Parses `CODE[:VARIANT...][@TRAININGS]`.

        A variant is `halving`, `balance=METHOD`, or `SETTING=VALUE` or `no-SETTING` with a setting of `Breeding`.
        Several methods, `balance=METHOD+METHOD`, are searched.

        Raises:
            SettingError: if there is no such strategy, method or setting.
        """
        code, _, own = text.partition("@")
        base, *variants = code.split(":")
        if base not in STRATEGIES:
            raise SettingError(f"strategy must be one of {', '.join(STRATEGIES)}, but is {base!r}")
        strategy = STRATEGIES[base]
        halving = "halving" in variants
        balance = tuple(one for variant in variants if variant.startswith(BALANCE) for one in _methods(variant))
        variants = [one for one in variants if one != "halving" and not one.startswith(BALANCE)]
        if variants:
            if not isinstance(strategy, Evolution):
                raise SettingError(
                    f"{base!r} must be an evolution to have variants other than halving and balance, but is not"
                )
            breeding = replace(strategy.breeding, **dict(map(_changed, variants)))
            strategy = Evolution(code, f"{strategy.title}; {', '.join(variants)}", breeding)
        if own and not (own.isdigit() and int(own) > 0):
            raise SettingError(f"trainings must be a positive integer, but are {own!r}")
        return cls(code, int(own) if own else trainings, strategy, halving, balance)

    @property
    def candidates(self) -> int:
        """The expected number of candidates for these samples, if none is stopped or fails."""
        if isinstance(self.strategy, Evolution):
            return self.strategy.breeding.candidates_within(self.trainings)
        return self.trainings


def _methods(variant: str) -> list[str]:
    """The methods of a variant `balance=METHOD+METHOD`.

    Raises:
        SettingError: if there is no such method.
    """
    found = variant.removeprefix(BALANCE).split("+")
    for one in found:
        read_balance(one)
    return found


def _changed(variant: str) -> tuple[str, Any]:
    name, given, value = variant.partition("=")
    if not given:
        name, value = name.removeprefix("no-"), "false" if name.startswith("no-") else "true"
    known = [one.name for one in fields(Breeding)]
    if name not in known:
        raise SettingError(f"a breeding's settings are {', '.join(known)}, not {name!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError as error:
        raise SettingError(f"{name} must be a number, true or false, but is {value!r}") from error


@contextmanager
def proposing(contender: Contender, wanted: Callable[[Ledger], set[int]]) -> Iterator[None]:
    """Adds the contender to the table of strategies. It also keeps the weights of the wanted candidates."""
    strategy = copy(contender.strategy)
    strategy.code = contender.code  # type: ignore[misc] # of this copy alone
    strategy.keeps = lambda ledger: contender.strategy.keeps(ledger) | wanted(ledger)  # type: ignore[method-assign] # of any class
    with STRATEGIES.adding(strategy):
        yield
