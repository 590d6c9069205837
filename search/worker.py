"""The Tune trainable: one trial is one candidate, and an actor runs many trials."""

from pathlib import Path
from typing import Any

from ray import tune

from search.evaluate import evaluate
from spaces.candidate import Candidate
from spaces.scoring import Scorer
from valp.errors import FileError
from valp.fit import one_thread


class CandidateTrainable(tune.Trainable):  # type: ignore[misc] # ray ships no types
    """Trains and scores the candidate in its config; what comes of it is in the candidate's folder."""

    def setup(self, config: dict[str, Any], scorer: Scorer) -> None:  # noqa: ARG002 - each trial's config comes with it
        """Called once in an actor; the data is mapped from Ray's store, not copied."""
        one_thread()
        self.scorer = scorer

    def reset_config(self, new_config: dict[str, Any]) -> bool:  # noqa: ARG002 - `self.config` is set by Tune
        """Takes the next candidate; nothing of the one before is kept."""
        return True

    def step(self) -> dict[str, Any]:
        """The whole candidate."""
        candidate = Candidate.model_validate_json(self.config["candidate"])
        try:
            evaluate(candidate, self.scorer, Path(self.config["folder"]))
        except FileError as error:  # not the candidate's fault: the search must stop, and run it again
            return {"done": True, "unwritten": str(error)}
        return {"done": True}
