"""What a candidate's folder has of its trial: all that the ledger has and the candidate's other files do not."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from optuna.distributions import distribution_to_json, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from pydantic import Field

from valp.errors import FileError
from valp.files import read_model, write_text
from valp.graph.graph import Frozen
from valp.search.run.folder import RECORD, SCORES
from valp.search.run.known_trials import CANDIDATE_DOCUMENT
from valp.search.run.ledger import RESULT


class TrialRecord(Frozen):
    """A finished trial, without its candidate and its result.

    Attributes:
        began, ended: when it began and ended.
        parameters: the values that Optuna's sampler has chosen, by name, in Optuna's internal form.
        distributions: what they were chosen from, as Optuna's JSON.
        user_attributes, system_attributes: of the trial.
    """

    schema_version: Literal[1] = 1
    began: datetime | None
    ended: datetime
    parameters: dict[str, float] = Field(default_factory=dict)
    distributions: dict[str, str] = Field(default_factory=dict)
    user_attributes: dict[str, Any] = Field(default_factory=dict)
    system_attributes: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, trial: FrozenTrial) -> "TrialRecord":
        """The record of a trial that has ended or ends now."""
        kinds = trial.distributions
        return cls(
            began=trial.datetime_start,
            ended=trial.datetime_complete or datetime.now(),
            parameters={name: kinds[name].to_internal_repr(value) for name, value in trial.params.items()},
            distributions={name: distribution_to_json(kind) for name, kind in kinds.items()},
            user_attributes={k: v for k, v in trial.user_attrs.items() if k not in (CANDIDATE_DOCUMENT, RESULT)},
            system_attributes=trial.system_attrs,
        )

    def trial(self, state: TrialState, values: list[float] | None, attributes: dict[str, Any]) -> FrozenTrial:
        """The trial.

        Args:
            state: its state.
            values: its objectives; None if it has not been trained to the end.
            attributes: user attributes in addition to those of the record.
        """
        kinds = {name: json_to_distribution(text) for name, text in self.distributions.items()}
        return FrozenTrial(
            number=-1,  # the study numbers it
            trial_id=-1,
            state=state,
            value=None,
            values=values,
            datetime_start=self.began or self.ended,
            datetime_complete=self.ended if state.is_finished() else None,
            params={name: kinds[name].to_external_repr(value) for name, value in self.parameters.items()},
            distributions=kinds,
            user_attrs=self.user_attributes | attributes,
            system_attrs=self.system_attributes,
            intermediate_values={},
        )


def write_record(path: Path, trial: FrozenTrial) -> None:
    """Writes the record of a trial that has ended or ends now into the folder of its candidate."""
    write_text(path / RECORD, TrialRecord.of(trial).model_dump_json(indent=1))


def read_record(path: Path) -> TrialRecord | None:
    """The record in the folder of a candidate; None if there is none that can be read."""
    try:
        return read_model(TrialRecord, path / RECORD)
    except FileError:
        return None


def record_of_files(path: Path) -> TrialRecord:
    """What is known of a trial without a record: when its result was written."""
    return TrialRecord(began=None, ended=datetime.fromtimestamp((path / SCORES).stat().st_mtime))
