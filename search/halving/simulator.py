"""Simulates the workers of a search on recorded learning curves, to compare rules and strategies in seconds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from valp.errors import SettingError
from valp.search.halving.recorded_curves import RecordedCurves


class StoppingRule(Protocol):
    """Decides which trials continue, as `valp.search.halving.rung_ladder.RungLadder` does."""

    def continues(self, trial: int, time: float, losses: Sequence[float]) -> bool:
        """Whether a trial continues after its report at a time before the last one. All losses are minimised."""


class NoStopping:
    """All trials continue."""

    def continues(self, trial: int, time: float, losses: Sequence[float]) -> bool:  # noqa: ARG002 - the interface
        """See `StoppingRule`."""
        return True


@dataclass(frozen=True)
class SimulatedTrial:
    """A trial that has ended.

    Attributes:
        number: its place among the trials, in the order in which they began.
        row: its curve.
        time: the time that it has reached, in the unit of the curves.
        complete: whether it has reached the last time without a failure.
        losses: its metrics at that time, all minimised; NaN if it has failed.
        clock: the simulated seconds from the start of the search to its end.
        work: the training of all workers until then, in the unit of the curves.
    """

    number: int
    row: int
    time: float
    complete: bool
    losses: tuple[float, ...]
    clock: float
    work: float


Propose = Callable[[int, Sequence[SimulatedTrial]], int | None]
"""A strategy: takes the number of the next trial and the trials that have ended so far, and returns the row of a curve;
None at the end of the search."""


def in_order(rows: Iterable[int]) -> Propose:
    """Proposes these curves, one after the other."""
    left = iter(rows)
    return lambda _number, _ended: next(left, None)


def simulate(
    curves: RecordedCurves, propose: Propose, rule: StoppingRule, workers: int, work: float = float("inf")
) -> list[SimulatedTrial]:
    """Runs a search on simulated workers. A worker that is free begins the next trial at once.

    A trial trains from one time of its curve to the next for as many seconds as were recorded. A failed one ends
    without being compared.

    Args:
        curves: what the trials report.
        propose: the strategy.
        rule: decides which trials continue.
        workers: the number of trials at once, at least 1.
        work: no trial begins after so much training of all workers, in the unit of the curves.

    Returns:
        The trials in the order of their ends.

    Raises:
        SettingError: if there is no worker.
    """
    if workers < 1:
        raise SettingError(f"workers must be at least 1, but is {workers}")
    losses = curves.values * [1.0 if mode == "min" else -1.0 for mode in curves.modes]
    failed = np.logical_not(np.isfinite(losses).all(axis=2))
    ended = list[SimulatedTrial]()
    running = list[tuple[float, int, int, int]]()  # the clock at the next report, number, row, its place in `times`
    done, begun, clock = 0.0, 0, 0.0
    spans = np.diff([0.0, *curves.times])
    durations = np.diff(curves.seconds, axis=1, prepend=0.0)
    more = True
    while True:
        while more and len(running) < workers and done < work:
            row = propose(begun, ended)
            more = row is not None
            if row is not None:
                heappush(running, (clock + durations[row, 0], begun, row, 0))
                begun += 1
        if not running:
            return ended
        clock, number, row, place = heappop(running)
        done += spans[place]
        last, point = place == len(spans) - 1, tuple(losses[row, place].tolist())
        if failed[row, place] or last or not rule.continues(number, curves.times[place], point):
            complete = last and not failed[row, place]
            ended.append(SimulatedTrial(number, row, curves.times[place], complete, point, clock, done))
        else:
            heappush(running, (clock + durations[row, place + 1], number, row, place + 1))
