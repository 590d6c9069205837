"""The rungs of a search by successive halving: when trials are compared, and the decision at each report of a trial."""

from collections.abc import Hashable, Sequence
from math import nan
from typing import Any, Self

from valp.search.halving.rung import DEFAULT_TIES, Rung
from valp.search.pareto.tie_breaks import TIE_BREAKS

STATE = 1
"""The version of `RungLadder.state`."""


def milestones(grace_period: float, max_t: float, factor: float) -> tuple[float, ...]:
    """The times of the rungs: the grace period, then always `factor` times the last one, before `max_t`."""
    found, time = list[float](), grace_period
    while time < max_t * (1 - 1e-9):  # 1 × 3.3 × 3.3 is a rung before the end, 0.1 × 10 is the end
        found.append(time)
        time *= factor
    return tuple(found)


class RungLadder:
    """The rungs of a search, and the trials at each.

    Args:
        times: the times of the rungs, ascending.
        objectives: the number of objectives.
        factor: η: one in this many trials continues at a rung.
        ties: a name of `valp.search.pareto.tie_breaks.TIE_BREAKS`.
    """

    def __init__(self, times: Sequence[float], objectives: int, factor: float, ties: str = DEFAULT_TIES) -> None:
        self.times = tuple(times)
        self._objectives, self._factor, self._ties = objectives, factor, ties
        self._begin()

    def _begin(self) -> None:
        self._rungs = [Rung(self._objectives, self._factor, TIE_BREAKS[self._ties]) for _ in self.times]
        self._reached: list[dict[Hashable, tuple[float, ...]]] = [{} for _ in self.times]
        self._highest: dict[Hashable, int] = {}
        self._stopped: set[Hashable] = set()

    def __len__(self) -> int:
        return len(self.times)

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of trials that have reached each rung."""
        return tuple(map(len, self._rungs))

    def continues(self, trial: Hashable, time: float, losses: Sequence[float]) -> bool:
        """Whether a trial continues after a report.

        It is compared with others once at each rung. If it passes several rungs between two reports, it is compared at
        the last of them only. A report of an earlier time, after a restart, changes nothing: a trial that was stopped
        does not continue, whatever it reports.

        Args:
            trial: the trial.
            time: the time of its report.
            losses: its objectives, all minimised.
        """
        place = sum(rung <= time for rung in self.times) - 1
        if trial in self._stopped:
            return False
        if place <= self._highest.get(trial, -1):
            return True
        self._highest[trial] = place
        self._reached[place][trial] = tuple(map(float, losses))
        goes_on = self._rungs[place].reach(losses)
        if not goes_on:
            self._stopped.add(trial)
        return goes_on

    def has_stopped(self, trial: Hashable) -> bool:
        """Whether a trial was stopped at a rung."""
        return trial in self._stopped

    def state(self) -> dict[str, Any]:
        """All that was reported, as JSON. Losses that are not finite are null."""
        reached = [{str(trial): _finite(losses) for trial, losses in rung.items()} for rung in self._reached]
        ended = sorted(map(str, self._stopped))
        return {"version": STATE, "times": list(self.times), "factor": self._factor, "reached": reached, "ended": ended}

    def load(self, state: dict[str, Any]) -> Self:
        """Takes over a state in place of its own. The identifiers of trials must be text.

        Raises:
            ValueError: if the state is of another version, or of other rungs.
        """
        if state["version"] != STATE or tuple(state["times"]) != self.times:
            raise ValueError(f"it has rungs at {state['times']}, not at {list(self.times)}")
        if state.get("factor", self._factor) != self._factor:  # earlier versions did not write it
            raise ValueError(f"it has the reduction factor {state['factor']}, not {self._factor}")
        self._begin()
        self._stopped = set(state.get("ended", ()))
        for place, trials in enumerate(state["reached"]):
            for trial, losses in trials.items():
                self._reached[place][trial] = tuple(nan if loss is None else loss for loss in losses)
                self._highest[trial] = max(place, self._highest.get(trial, -1))
            self._rungs[place].fill([*self._reached[place].values()])
        return self


def _finite(losses: Sequence[float]) -> list[float | None]:
    return [loss if abs(loss) < float("inf") else None for loss in losses]
