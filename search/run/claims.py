"""Who trains what: numbers for new candidates, and claims, so that nothing is trained by two drivers."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from optuna.samplers import BaseSampler
from optuna.trial import Trial

from valp.search.run.ledger import Ledger
from valp.search.run.result import Result

SamplerOf = Callable[[int], BaseSampler]
"""Makes the sampler of a candidate's trial from its number."""


class Claims(Protocol):
    """Hands out what there is to train to the driver that has it.

    Attributes:
        shared: whether other drivers may search the run at the same time.
        asked: how many candidates have a number, as far as this driver knows.
        free: how many unfinished candidates no driver trains, as far as this driver knows.
    """

    @property
    def shared(self) -> bool:
        """See the class."""

    @property
    def asked(self) -> int:
        """See the class."""

    @property
    def free(self) -> int:
        """See the class."""

    def ask(self, total: int, sampler_of: SamplerOf) -> Trial | None:
        """A new trial, claimed; None if `total` candidates have a number."""

    def unfinished(self) -> list[int]:
        """The unfinished candidates that are claimed when a driver begins."""

    def take(self) -> int | None:
        """Claims an unfinished candidate that no driver trains, such as one of a driver that died; None without one."""

    def claim(self, job: str) -> bool:
        """Claims a baseline. False if another driver trains it."""

    def holds(self, number: int) -> bool:
        """Whether a candidate is still claimed. Others may have taken this driver for dead."""

    def tell(self, number: int, record: Callable[[], Result]) -> Result | None:
        """Calls `record`, which records the result of a candidate, and returns the result.

        None if another driver has taken the candidate over. `record` may be called several times, until it is certain
        that the result is recorded.
        """

    def proposing(self) -> AbstractContextManager[None]:
        """Held while a candidate is proposed and recorded, so that nobody deletes the weights of its parents."""

    def dropping(self, *, wait: bool) -> AbstractContextManager[bool]:
        """Held while weights are deleted. False, unless `wait`, if another driver is proposing a candidate."""

    def in_doubt(self) -> bool:
        """Whether it will turn out soon that a driver has died and left candidates."""


class OnlyDriver:
    """The claims of a driver that has locked the run: everything is its own."""

    shared, free = False, 0

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.asked = len(ledger.trials())

    def ask(self, total: int, sampler_of: SamplerOf) -> Trial | None:
        """See `Claims`."""
        if self.asked >= total:
            return None
        trial = self._ledger.ask(sampler_of(self.asked))
        self.asked += 1
        return trial

    def unfinished(self) -> list[int]:
        """See `Claims`."""
        return [trial.number for trial in self._ledger.trials() if not trial.state.is_finished()]

    def take(self) -> None:
        """See `Claims`: all are claimed when the driver begins."""

    def claim(self, job: str) -> bool:  # noqa: ARG002 - there is no other driver
        """See `Claims`."""
        return True

    def holds(self, number: int) -> bool:  # noqa: ARG002 - there is no other driver
        """See `Claims`."""
        return True

    def tell(self, number: int, record: Callable[[], Result]) -> Result:  # noqa: ARG002 - there is no other driver
        """See `Claims`."""
        return record()

    def proposing(self) -> AbstractContextManager[None]:
        """See `Claims`."""
        return nullcontext()

    def dropping(self, *, wait: bool) -> AbstractContextManager[bool]:  # noqa: ARG002 - nobody else proposes
        """See `Claims`."""
        return nullcontext(True)

    def in_doubt(self) -> bool:
        """See `Claims`."""
        return False
