"""A scheduler for Ray Tune that stops trials early, with several metrics. It needs nothing else of VALP."""

import json
from collections.abc import Sequence
from math import inf, isfinite, prod
from numbers import Real
from pathlib import Path
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from valp.errors import FileError, SettingError
from valp.files import read_bytes, write_text
from valp.search.halving.rung import DEFAULT_TIES
from valp.search.halving.rung_ladder import RungLadder, milestones
from valp.search.pareto.tie_breaks import TIE_BREAKS

STATE_FILE = "pareto_halving.json"
"""In the folder of the experiment, from which `tune.Tuner.restore` continues."""


class ParetoHalving(FIFOScheduler):  # type: ignore[misc] # ray ships no types
    """Asynchronous successive halving with several metrics, for any trainable of Ray Tune.

    At each rung a trial is compared with all trials that have reached the rung before. It continues if it is among the
    best 1/`reduction_factor` of them. A trial is better than another if it is in a lower non-dominated layer (Deb et
    al. 2002), and `ties` decides within a layer. A trial never waits for others (Li et al. 2020, ASHA), so the first
    ones at a rung continue. The scales of the metrics do not matter, and neither does their order.

    A report that lacks a metric or the time changes nothing. A trial that reports a value that is not finite at a rung
    is stopped there. A trial that failed counts at the rungs that it had reached, and is not compared there again when
    Tune retries it under the same identifier. The state is written into the experiment's folder, and
    `tune.Tuner.restore` continues with it.

    Args:
        metrics: the names of the metrics, as in the reports of the trainable; nested ones as `outer/inner`.
        modes: `min` or `max`, for all metrics or for each.
        time_attr: the name of the time in the reports. Any number that grows in training is possible.
        max_t: the time at which trials end.
        grace_period: the time of the first rung.
        reduction_factor: η, more than 1: one in η trials continues, and each rung is at η times the time of the last.
        ties: what decides within a layer: `crowding`, `epsilon-net` or `knee`; see
            `valp.search.pareto.tie_breaks`.
        stop_last_trials: whether trials are ended at `max_t`.

    Raises:
        SettingError: if an argument is not possible, or a trial reports a metric that is not a number.
    """

    def __init__(
        self,
        metrics: Sequence[str],
        modes: str | Sequence[str],
        *,
        time_attr: str = "training_iteration",
        max_t: float = 100,
        grace_period: float = 1,
        reduction_factor: float = 3,
        ties: str = DEFAULT_TIES,
        stop_last_trials: bool = True,
    ) -> None:
        super().__init__()
        self._metrics = tuple(metrics) if not isinstance(metrics, str) else (metrics,)
        words = (modes,) * len(self._metrics) if isinstance(modes, str) else tuple(modes)
        if not self._metrics or len(set(self._metrics)) < len(self._metrics):
            raise SettingError(f"metrics must be one name or more, each once, but are {list(self._metrics)}")
        if len(words) != len(self._metrics) or not {"min", "max"}.issuperset(words):
            raise SettingError(f"modes must be min or max for each of {len(self._metrics)} metrics, but are {modes!r}")
        if not isfinite(max_t):
            raise SettingError(f"max_t must be finite, because the rungs end there, but is {max_t}")
        if not 0 < grace_period <= max_t:
            raise SettingError(f"grace_period must be more than 0 and at most max_t = {max_t}, but is {grace_period}")
        if not 1 < reduction_factor < inf:
            raise SettingError(f"reduction_factor must be more than 1, and finite, but is {reduction_factor}")
        if ties not in TIE_BREAKS:
            raise SettingError(f"ties must be one of {', '.join(TIE_BREAKS)}, but is {ties!r}")
        self._signs = [1.0 if word == "min" else -1.0 for word in words]
        self._time_attr, self._max_t, self._stops_last = time_attr, max_t, stop_last_trials
        times = milestones(grace_period, max_t, reduction_factor)
        self._ladder = RungLadder(times, len(self._metrics), reduction_factor, ties)
        self._stopped = 0
        self._begun = False

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:  # noqa: ARG002 - Tune's own
        """See Tune. The metric of a `TuneConfig` is for the searcher and the results, not for this scheduler."""
        return True

    def on_trial_add(self, tune_controller: object, trial: Trial) -> None:  # noqa: ARG002 - Tune's own
        """See Tune. Before the first trial of a restored experiment, the state is read."""
        path = _state_file(trial)
        if not self._begun and path is not None and path.is_file():
            self.restore(str(path))
        self._begun = True

    def on_trial_result(self, tune_controller: object, trial: Trial, result: dict[str, Any]) -> str:  # noqa: ARG002 - Tune's own
        """See Tune."""
        now = result.get(self._time_attr)
        if now is not None and now >= self._max_t and not self._ladder.has_stopped(trial.trial_id):
            return str(TrialScheduler.STOP if self._stops_last else TrialScheduler.CONTINUE)
        if self._continues(trial, result):
            return str(TrialScheduler.CONTINUE)
        self._stopped += 1
        return str(TrialScheduler.STOP)

    def on_trial_complete(self, tune_controller: object, trial: Trial, result: dict[str, Any]) -> None:  # noqa: ARG002 - Tune's own
        """See Tune. A trial that has ended by itself counts at the rung that it had reached."""
        now = result.get(self._time_attr)
        if now is not None and now < self._max_t:
            self._continues(trial, result)

    def debug_string(self) -> str:
        """The number of trials at each rung, in a line."""
        rungs = zip(self._ladder.times, self._ladder.counts, strict=True)
        counts = ", ".join(f"{count} at {self._time_attr} {rung:g}" for rung, count in rungs)
        return f"Pareto halving: {self._stopped} trials stopped; compared: {counts or 'none'}"

    def save(self, checkpoint_path: str) -> None:
        """Writes the state, a JSON file.

        Raises:
            FileError: if the file cannot be written.
        """
        held = {"metrics": self._metrics, "signs": self._signs, "stopped": self._stopped}
        state = held | self._ladder.state()
        write_text(Path(checkpoint_path), json.dumps(state))

    def restore(self, checkpoint_path: str) -> None:
        """Continues with a state that `save` wrote for a scheduler with the same metrics and rungs.

        Raises:
            FileError: if the file cannot be read, or is of another scheduler.
        """
        try:
            state = json.loads(read_bytes(Path(checkpoint_path)))
            if tuple(state["metrics"]) != self._metrics:
                raise ValueError(f"it has the metrics {', '.join(state['metrics'])}")
            if state.get("signs", self._signs) != self._signs:  # earlier versions did not write them
                raise ValueError("its metrics have other modes")
            self._ladder.load(state)
            self._stopped = int(state["stopped"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileError(f"{checkpoint_path} is not the state of this scheduler: {error}") from error

    def _continues(self, trial: Trial, result: dict[str, Any]) -> bool:
        """Whether a trial continues; the state is written if it has reached a rung."""
        now, values = result.get(self._time_attr), [result.get(name) for name in self._metrics]
        if now is None or any(value is None for value in values):
            return True
        losses = list[float]()
        for name, value, sign in zip(self._metrics, values, self._signs, strict=True):
            if (
                value is not None and hasattr(value, "item") and prod(getattr(value, "shape", ())) == 1
            ):  # an array or a tensor of one number
                value = value.item()
            if not isinstance(value, Real):
                raise SettingError(f"metric {name!r} must be a number, but trial {trial.trial_id} reported {value!r}")
            losses.append(sign * float(value))
        before = self._ladder.counts
        goes_on = self._ladder.continues(trial.trial_id, now, losses)
        path = _state_file(trial)
        if path is not None and self._ladder.counts != before:
            self.save(str(path))
        return goes_on


def _state_file(trial: Trial) -> Path | None:
    """The file of the state; None for a trial that Tune does not store.

    Tune copies the file to where the experiment is stored, and back before it restores one.
    """
    return None if trial.storage is None else Path(trial.storage.experiment_driver_staging_path, STATE_FILE)
