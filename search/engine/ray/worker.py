"""The Tune trainable. One trial is one candidate, and an actor runs many trials.

An actor must start quickly. When a trial ends, Tune gives its actor to a trial whose own actor is still starting, and
throws the starting one away. With short trainings, the actors of a slow machine would never start. So this file imports
little, and the first step of an actor does the rest: it imports torch, fetches the data and loads the native executor.
"""

from collections.abc import Mapping
from typing import Any

from valp.errors import message_line
from valp.search.engine.ray.garbage_collection import uncollected

with uncollected():  # a worker process starts with these imports
    import ray
    from ray import tune
    from ray.exceptions import RayError

    from valp.search.engine.fault import Failure, LostWorkerError, NoWorkerError, failure_of
    from valp.search.engine.ray.parcel import Parcel

SECONDS = "seconds/"
"""The prefix of the names of times in a trial's result."""

FAILURE = "failure"
"""The name of a failure, as a text, in a trial's result. Tune would take a dictionary apart."""

OUTCOME = "outcome"
"""The name of what a trial has made in its result."""


class CandidateTrainable(tune.Trainable):  # type: ignore[misc] # ray ships no types
    """Trains and scores the candidate in its config. It reads and writes no file: everything travels through Ray."""

    config: dict[str, Any]

    def setup(self, config: dict[str, Any], equipment: list[ray.ObjectRef]) -> None:  # noqa: ARG002 - each trial's config comes with it
        """Called once per actor, with a list of a reference to the `Equipment`."""
        self.equipment = equipment
        self.trainer: Any = None
        self.stages: list[int] = []

    def reset_config(self, new_config: dict[str, Any]) -> bool:  # noqa: ARG002 - `self.config` is set by Tune
        """Prepares for the next candidate."""
        self.stages = []
        return True

    def step(self) -> dict[str, Any]:
        """Trains the candidate up to its next rung or to the end. The result has what it has made until then."""
        try:
            if self.trainer is None:
                self.trainer = _trainer(self.equipment)
            if not self.stages:
                config, self.config = self.config, {}  # Tune sends it back with each result
                self._begin(config)
            steps = self.stages.pop(0)
            outcome, parts = self.trainer.advance(steps)
        except Exception as error:  # not the candidate's fault: its own are in its result
            return {"done": True, FAILURE: failure_of(error).text()}
        done = not self.stages or outcome.result.failure is not None
        seconds = {f"{SECONDS}{part}": spent for part, spent in parts.items()}
        return {"done": done, "steps": steps, OUTCOME: Parcel(outcome)} | seconds

    def _begin(self, config: dict[str, Any]) -> None:
        """Begins with the candidate in a config."""
        from valp.spaces.candidate import Candidate

        candidate = Candidate.model_validate_json(config["candidate"])
        self.trainer.begin(candidate, config["parents"].take() or (), config["key"])
        self.stages = [*(int(rung) for rung in config["rungs"].split(",") if rung), candidate.training.steps]


def _trainer(equipment: list[ray.ObjectRef]) -> Any:
    """Prepares this process for trainings, and returns its `Trainer`.

    Raises:
        LostWorkerError: if the data does not arrive.
        NoWorkerError: if this process cannot train at all, as when a package is missing.
    """
    try:
        with uncollected():
            from valp.search.engine.ray.trainer import Trainer

            return Trainer(ray.get(equipment[0]))
    except RayError as error:
        raise LostWorkerError(f"the data of the problem did not arrive: {message_line(error)}") from error
    except Exception as error:
        reason = message_line(error)
        raise NoWorkerError(f"no worker can start: {type(error).__name__}: {reason}") from error


def told_failure(result: Mapping[str, Any]) -> Failure | None:
    """The failure in a trial's result; None if the trial has not failed, or for a fault of its candidate."""
    text = result.get(FAILURE)
    return None if text is None else Failure.of(text)


def reported(result: Mapping[str, Any]) -> dict[str, float]:
    """The seconds by part in a trial's result."""
    return {key.removeprefix(SECONDS): value for key, value in result.items() if key.startswith(SECONDS)}
