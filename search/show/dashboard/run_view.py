"""A run's ledger as a read-only Optuna storage.

Optuna's dashboard can delete and rename studies, end running trials, and store notes and artifacts in the study. None
of this may happen to a running search. So the dashboard gets this storage, which makes the study and its trials from
the ledger on each request and cannot write.
"""

from collections.abc import Container, Sequence
from threading import RLock
from typing import Any, NoReturn

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun
from valp.search.show.dashboard.artifacts import Pictures
from valp.search.show.dashboard.notes import RunCommands, note_of, note_of_run
from valp.spaces.candidate import Candidate
from valp.train.balance import Balance

STUDY = 1
"""The number of the only study."""

PICTURE = f"/artifacts/{STUDY}/{{trial}}/{{artifact}}"
"""The address of an artifact in the dashboard."""

NOTED_LATEST, NOTED_OF_FRONT = 300, 100
"""How many candidates of a long run have a note: the latest ones, and the first of the front."""

TRAITS: dict[str, BaseDistribution] = {
    "learning rate": FloatDistribution(1e-6, 1.0, log=True),
    "networks": IntDistribution(1, 64),
    "hidden layers": IntDistribution(0, 256),
    "connections": IntDistribution(1, 1024),
}
"""The parameters in plots for candidates without Optuna parameters, because no Optuna sampler proposed them."""


class RunView(BaseStorage):
    """A storage with one study, named after the run. Its trials are the candidates, with the same numbers."""

    def __init__(self, run: StoredRun, commands: RunCommands, pictures: Pictures) -> None:
        self._run, self._commands, self._pictures = run, commands, pictures
        self._lock = RLock()  # the server has a thread for each request
        self._ended: dict[int, FrozenTrial] = {}
        self._notes: dict[int, tuple[tuple[str, bool, int], str]] = {}
        self._front: tuple[int, list[Entry]] = (-1, [])

    def get_all_studies(self) -> list[FrozenStudy]:
        """See Optuna."""
        user, system = self.get_study_user_attrs(STUDY), self.get_study_system_attrs(STUDY)
        directions = self.get_study_directions(STUDY)
        return [FrozenStudy(self._run.folder.name, None, user, system, STUDY, directions=directions)]

    def get_study_id_from_name(self, study_name: str) -> int:
        """See Optuna."""
        if study_name != self._run.folder.name:
            raise KeyError(study_name)
        return STUDY

    def get_study_name_from_id(self, study_id: int) -> str:
        """See Optuna."""
        _require(study_id)
        return self._run.folder.name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """See Optuna."""
        _require(study_id)
        return [StudyDirection[metric.score.goal.upper()] for metric in self._run.objectives.values()]

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """The settings, and the best scores of the baselines."""
        _require(study_id)
        settings = self._run.settings.model_dump(mode="json", exclude_none=True)
        names = ("problem", "strategy", "space", "steps", "batch", "seed", "protocol")
        shown = {name: settings[name] for name in names}
        with self._lock:
            return shown | {f"baseline {name}": value for name, value in self._run.baseline_scores.items()}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """The names of the objectives, and the notes."""
        _require(study_id)
        with self._lock:
            entries, single = self._run.ledger.entries(), self._run.baseline_scores
            front = self._front_of(entries)
            objectives = self._run.objectives.values()
            attributes: dict[str, Any] = {"study:metric_names": [metric.figure_name for metric in objectives]}
            attributes |= _note(None, note_of_run(self._run, entries, front, single, self._commands))
            for entry in noted(entries, front):
                attributes |= _note(entry.number, self._note(entry, single))
            return attributes

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """See Optuna."""
        with self._lock:
            trials = self.get_all_trials(STUDY)
            if not 0 <= trial_id - 1 < len(trials):
                raise KeyError(trial_id)
            return trials[trial_id - 1]

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,  # noqa: ARG002 - trials are not changed
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """See Optuna."""
        _require(study_id)
        with self._lock:
            read = (
                self._run.ledger.trials()
            )  # read first, so that a trial that has ended here has also ended in the entries
            entries = {entry.number: entry for entry in self._run.ledger.entries()}
            trials = [self._trial(trial, entries.get(trial.number)) for trial in read]
        return [trial for trial in trials if states is None or trial.state in states]

    def _trial(self, trial: FrozenTrial, entry: Entry | None) -> FrozenTrial:
        """A candidate as a trial with readable attributes. Finished ones are cached; only their pictures may change."""
        if trial.number not in self._ended:
            params, distributions = trial.params, trial.distributions
            if entry is not None and not params:
                params = traits(entry.candidate)
                distributions = {name: TRAITS[name] for name in params}
            shown = FrozenTrial(
                number=trial.number,
                state=trial.state,
                value=None,
                values=trial.values,
                datetime_start=trial.datetime_start,
                datetime_complete=trial.datetime_complete,
                params=params,
                distributions=distributions,
                user_attrs=attributes_of(entry, bool(trial.params)) if entry is not None else {},
                system_attrs={},
                intermediate_values={},
                trial_id=trial.number + 1,
            )
            if not trial.state.is_finished() or entry is None:
                return self._with_pictures(shown, entry)
            self._ended[trial.number] = shown
        return self._with_pictures(self._ended[trial.number], entry)

    def _with_pictures(self, trial: FrozenTrial, entry: Entry | None) -> FrozenTrial:
        if entry is not None:
            trial._system_attrs = dict(self._pictures.attributes(entry))
        return trial

    def _note(self, entry: Entry, single: dict[str, float]) -> str:
        """The note of a candidate, cached until its state, weights or pictures change."""
        addresses = self._pictures.of(entry).items()
        pictures = [(name, PICTURE.format(trial=entry.number + 1, artifact=artifact)) for artifact, name in addresses]
        kept = self._pictures.has_weights(entry)
        said = (entry.state, kept, len(pictures))
        if entry.number not in self._notes or self._notes[entry.number][0] != said:
            self._notes[entry.number] = said, note_of(self._run, entry, single, self._commands, pictures, kept)
        return self._notes[entry.number][1]

    def _front_of(self, entries: list[Entry]) -> list[Entry]:
        """The front, cached until another candidate has ended."""
        ended = sum(entry.ended is not None for entry in entries)
        if ended != self._front[0]:
            self._front = ended, self._run.ledger.front(entries)
        return self._front[1]

    def _refused(self, *args: object, **kwargs: object) -> NoReturn:
        raise NotImplementedError("the dashboard only shows a run")

    create_new_study = delete_study = set_study_user_attr = set_study_system_attr = _refused
    create_new_trial = set_trial_param = set_trial_state_values = set_trial_intermediate_value = _refused
    set_trial_user_attr = set_trial_system_attr = _refused


def noted(entries: Sequence[Entry], front: Sequence[Entry]) -> list[Entry]:
    """The candidates that have a note: all of a short run, else the latest ones and the first of the front.

    The number is limited because, for each trial, the dashboard goes through all notes.
    """
    if len(entries) <= NOTED_LATEST + NOTED_OF_FRONT:
        return list(entries)
    latest = entries[-NOTED_LATEST:]
    return [*latest, *(entry for entry in front[:NOTED_OF_FRONT] if entry.number < latest[0].number)]


def attributes_of(entry: Entry, with_traits: bool) -> dict[str, Any]:
    """A candidate's properties as columns of a table. Values to sort by are numbers."""
    result = entry.result
    shown: dict[str, Any] = traits(entry.candidate) if with_traits else {}
    balance = entry.candidate.training.balance
    if balance != Balance():
        shown["losses balanced by"] = balance.short
    if entry.parents:
        shown["parents"] = ", ".join(map(str, entry.parents))
    if result is None:
        return shown
    shown |= result.scores | {"parameters": result.parameters, "samples seen": result.samples_seen}
    shown["samples seen with parents"] = entry.samples_seen_with_parents
    shown["seconds"] = round(sum(result.seconds), 2)
    if result.failure is not None:
        shown["failure"] = result.failure
    return shown


def traits(candidate: Candidate) -> dict[str, Any]:
    """A candidate's values of `TRAITS`."""
    graph = candidate.graph
    return {
        "learning rate": float(f"{candidate.training.learning_rate:.4g}"),
        "networks": len(graph.networks),
        "hidden layers": sum(len(network.layers) for network in graph.networks),
        "connections": len(graph.connections),
    }


def _note(number: int | None, text: str) -> dict[str, Any]:
    """The attributes in which the dashboard stores a note: of a trial, or of the study if `number` is None."""
    of = f"dashboard:{number + 1}:" if number is not None else "dashboard:"
    return {f"{of}note_ver": 1, f"{of}note_str:0": text}


def _require(study: int) -> None:
    if study != STUDY:
        raise KeyError(study)
