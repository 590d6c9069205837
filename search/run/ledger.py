"""The ledger: the run's Optuna study on disk, and the only state of a search.

A candidate's files are written before its result is recorded here. The trial has all that a strategy needs to know of a
candidate, so strategies read only the ledger. Only the drivers of a run write to it.

An objective that was not measured is absent from a candidate's scores. The ranking and Optuna then use the value
without learning, which is never shown as a score. If that value is not known, or the graph lacks the output of the
objective, the candidate is recorded as failed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from valp.errors import FileError
from valp.search.pareto.front import by_knee, chances, least_differences, losses, non_dominated, ranked
from valp.search.run.known_trials import CANDIDATE_DOCUMENT, PARENTS, RUNGS, KnownTrials, Scores
from valp.search.run.ledger_entry import STATES, Entry
from valp.search.run.number_ranges import ranges_without
from valp.search.run.open_study import in_a_sentence, open_study
from valp.search.run.postgres.address import Place
from valp.search.run.result import Result
from valp.spaces.baselines.baseline_codes import NETWORK
from valp.spaces.candidate import Candidate
from valp.spaces.problem.metrics import Metric

BASELINES = "baselines"
RESULT = "result"
"""The user attribute of a trial with its result, which is also in the files of the candidate."""
ORDER = "ended_before"
"""The user attribute with the number of candidates that had ended before, where several drivers search a run. Their
clocks may differ, so the times do not tell the order."""


class Ledger:
    """A run's Optuna study. `create` and `open` make one."""

    def __init__(
        self, study: optuna.Study, objectives: dict[str, Metric], place: Path | Place = Path("the ledger")
    ) -> None:
        self.study = study
        self.objectives = objectives
        self.place, self.where = place, str(place)
        self._ended: dict[int, Entry] = {}
        self._known = KnownTrials(study)

    @classmethod
    def create(cls, place: Path | Place, objectives: dict[str, Metric]) -> "Ledger":
        """Opens the ledger at `place`, and creates it if it does not exist.

        Raises:
            FileError: if it cannot be opened; see `open_study`.
        """
        return cls(open_study(place, _goals(objectives), create=True), objectives, place)

    @classmethod
    def open(cls, place: Path | Place, objectives: dict[str, Metric], *, read_only: bool = False) -> "Ledger":
        """Opens the ledger at `place`.

        Args:
            place: the file of the ledger, or its study in PostgreSQL.
            objectives: the objectives of the run.
            read_only: see `open_study`.

        Raises:
            FileError: if it does not exist or cannot be opened; see `open_study`.
        """
        study = open_study(place, _goals(objectives), create=False, read_only=read_only)
        return cls(study, objectives, place)

    def trials(self) -> list[FrozenTrial]:
        """All trials, in order. They must not be changed.

        Raises:
            FileError: if they cannot be read.
        """
        trials = self._trials()
        return [trials[number] for number in sorted(trials)]

    def trial(self, number: int) -> FrozenTrial:
        """One trial. It must not be changed.

        Raises:
            FileError: if it cannot be read, or does not exist.
        """
        trials = self._trials()
        if number not in trials:
            raise FileError(f"there is no candidate {number}; the run has {len(trials)}, numbered from 0")
        return trials[number]

    def _trials(self) -> Mapping[int, FrozenTrial]:
        with in_a_sentence(self.where):
            try:
                return self._known.read()
            except (ValueError, LookupError, TypeError, AssertionError, AttributeError) as error:
                raise FileError(f"{self.where} is damaged: its trials cannot be read") from error

    def entries(self) -> list[Entry]:
        """All candidates, in order. A trial whose proposal was interrupted has no candidate yet."""
        return self._entries(sorted(self._trials()))

    def ended(self, after: int = 0) -> list[Entry]:
        """The candidates that have ended, in the order in which they were read, without the first `after`."""
        self._trials()
        return self._entries(self._known.ended[after:])

    def running(self) -> list[Entry]:
        """The candidates that have not ended, in order."""
        self._trials()
        return self._entries(sorted(self._known.unfinished))

    def _entries(self, numbers: Iterable[int]) -> list[Entry]:
        trials = self._known.trials
        return [
            self._ended.get(number) or self._read(trials[number])
            for number in numbers
            if number in self._ended or CANDIDATE_DOCUMENT in trials[number].user_attrs
        ]

    def entry(self, number: int) -> Entry:
        """One candidate.

        Raises:
            FileError: if there is no candidate with this number.
        """
        if number in self._ended:
            return self._ended[number]
        trials = self._trials()
        if number not in trials or CANDIDATE_DOCUMENT not in trials[number].user_attrs:
            raise FileError(f"there is no candidate {number}; the run has {len(trials)}, numbered from 0")
        return self._read(trials[number])

    def _read(self, trial: FrozenTrial) -> Entry:
        """A trial as a candidate. Finished candidates are cached, because they do not change."""
        attributes, ended = trial.user_attrs, trial.state.is_finished()
        try:
            result = Result.of(attributes[RESULT]) if ended and RESULT in attributes else None
            parents = tuple(attributes.get(PARENTS, ()))
            state, order = STATES[trial.state], attributes.get(ORDER)
            if ended and (result is None or not isinstance(order, int | None)):
                raise ValueError("it has no result or no order")
            if state == "complete" and result is not None and ranked(result.scores, self.objectives) is None:
                raise ValueError("it cannot be ranked")
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise FileError(f"{self.where} is damaged: candidate {trial.number} cannot be read") from error
        document = attributes[CANDIDATE_DOCUMENT]
        entry = Entry(trial.number, state, trial.datetime_complete, result, parents, document, order)
        if ended:
            self._ended[trial.number] = entry
        return entry

    def samples_seen(self, numbers: Iterable[int]) -> int:
        """The samples that these candidates and all their ancestors have seen. Each candidate counts once."""
        lineage: dict[int, Entry] = {}
        left = [*numbers]
        while left:
            number = left.pop()
            if number not in lineage:
                lineage[number] = self.entry(number)
                left += lineage[number].parents
        return sum(entry.result.samples_seen for entry in lineage.values() if entry.result is not None)

    def ask(self, sampler: BaseSampler) -> Trial:
        """Starts a new trial. Trials are numbered from 0."""
        self.study.sampler = sampler
        with in_a_sentence(self.where):
            # `study.ask` goes through all trials for one in a queue first, and there is no queue.
            return self._begun(self.study._storage.create_new_trial(self.study._study_id))

    def again(self, trial: FrozenTrial, sampler: BaseSampler) -> Trial:
        """A trial that an earlier session left running, to be run again under the same number."""
        self.study.sampler = sampler
        with in_a_sentence(self.where):
            return self._begun(trial._trial_id)

    def _begun(self, trial_id: int) -> Trial:
        self.study._thread_local.cached_all_trials = None  # as `study.ask`: the sampler sees what others have done
        return Trial(self.study, trial_id)

    def propose(self, trial: Trial, candidate: Candidate) -> None:
        """Records the candidate of a running trial, and which finished candidates its proposal has seen."""
        seen = ranges_without(len(self._trials()), self._known.unfinished)
        with in_a_sentence(self.where):
            for name, value in ({"seen": seen} | attributes_of(candidate)).items():
                trial.set_user_attr(name, value)

    def restore(self, number: int, attributes: Mapping[str, Any]) -> None:
        """Adds the attributes that a running trial had when it ended, if the ledger is an older copy without them."""
        trial = self.trial(number)
        lacking = {name: value for name, value in attributes.items() if name not in trial.user_attrs}
        with in_a_sentence(self.where):
            for name, value in lacking.items():
                self.study._storage.set_trial_user_attr(trial._trial_id, name, value)

    def change(self, number: int, candidate: Candidate) -> None:
        """Records another candidate of a running trial, because it cannot be trained as it was proposed."""
        trial_id = self.trial(number)._trial_id
        with in_a_sentence(self.where):
            for name, value in ({RUNGS: {}} | attributes_of(candidate)).items():
                self.study._storage.set_trial_user_attr(trial_id, name, value)

    def tell(self, number: int, result: Result) -> Result:
        """Records a candidate's final result and returns it. It becomes a failure if an objective cannot be ranked."""
        result, state, values = self.outcome(self.entry(number).candidate, result)
        # Written through the storage, because making a Trial object would call the sampler again.
        trial_id = self._known.trials[number]._trial_id
        with in_a_sentence(self.where):
            self.study._storage.set_trial_user_attr(trial_id, RESULT, json.loads(json.dumps(asdict(result))))
            self.study.tell(number, values, state=None if values is not None else state)
        return result

    def outcome(self, candidate: Candidate, result: Result) -> tuple[Result, TrialState, list[float] | None]:
        """How a candidate's final result is recorded: the result, the state, and Optuna's values if it is complete."""
        lacking = None if result.failure is not None else self._lacking(candidate, result)
        if lacking is not None:
            result = replace(result, scores={}, errors={}, failure=f"the objective {lacking} has no value")
        values = ranked(result.scores, self.objectives)
        if result.failure is not None or values is None:
            return result, TrialState.FAIL, None
        if not result.complete:
            return result, TrialState.PRUNED, None
        metrics = self.objectives.values()
        figures = [metric.score.figure(value) for metric, value in zip(metrics, values, strict=True)]
        return result, TrialState.COMPLETE, figures

    def _lacking(self, candidate: Candidate, result: Result) -> str | None:
        """The first objective that was not measured and has no value to rank by; None if there is none."""
        absent = [metric for name, metric in self.objectives.items() if name not in result.scores]
        if not absent:
            return None
        outputs = {output.name for output in candidate.graph.outputs}
        impossible = (m for m in absent if m.chance is None or (m.output is not None and m.output not in outputs))
        return next((metric.name for metric in impossible), None)

    def reach(self, number: int, rung: int, scores: Scores) -> dict[int, Scores]:
        """Records a candidate's scores at a rung.

        Candidates with inherited weights are compared with each other, and so are those trained from scratch. Rung 1 is
        the last one before the end of training.

        Returns:
            The scores of all comparable candidates at the rung by number, in the order in which they were read.
        """
        own = self.trial(number)
        rungs = own.user_attrs.get(RUNGS, {}) | {str(rung): scores}
        with in_a_sentence(self.where):
            self.study._storage.set_trial_user_attr(own._trial_id, RUNGS, rungs)
        self._trials()
        return self._known.arrivals(rung, inherit=bool(own.user_attrs[PARENTS]))

    @property
    def baselines(self) -> dict[str, dict[str, Result]]:
        """The results of the baselines by output and code.

        Runs of version 0.1.0 have one baseline of each output, the usual single-task network.
        """
        try:
            with in_a_sentence(self.where):
                attributes = self.study.user_attrs
            found = {output: {NETWORK: Result.of(held)} for output, held in attributes.get(BASELINES, {}).items()}
            for key, fields in attributes.items():
                if key.startswith(f"{BASELINES}/"):
                    _, output, code = key.split("/")
                    found.setdefault(output, {})[code] = Result.of(fields)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise FileError(f"{self.where} is damaged: its baselines cannot be read") from error
        return found

    def tell_baseline(self, output: str, code: str, result: Result) -> None:
        """Records a baseline."""
        with in_a_sentence(self.where):
            self.study.set_user_attr(f"{BASELINES}/{output}/{code}", json.loads(json.dumps(asdict(result))))

    def front(self, entries: Iterable[Entry] | None = None) -> list[Entry]:
        """The Pareto front of the complete candidates, the knee first."""
        done = [entry for entry in (self.entries() if entries is None else entries) if entry.state == "complete"]
        metrics = list(self.objectives.values())
        points = losses([self.point(entry) for entry in done], metrics)
        kept = non_dominated(points)
        errors = [result.errors for i in kept if (result := done[i].result) is not None]
        least = least_differences(errors, list(self.objectives))
        return [done[kept[i]] for i in by_knee(points[kept], chances(metrics), least)]

    def point(self, entry: Entry) -> Sequence[float]:
        """The values by which a candidate is ranked, one per objective, in order.

        Raises:
            ValueError: if it has no result that can be ranked.
        """
        values = None if entry.result is None else ranked(entry.result.scores, self.objectives)
        if values is None:
            raise ValueError(f"candidate {entry.number} has no result that can be ranked")
        return values


def attributes_of(candidate: Candidate) -> dict[str, Any]:
    """What a trial has of its candidate. The document is last: a trial with it has a whole proposal."""
    return {"parent": candidate.parent, PARENTS: candidate.parents, CANDIDATE_DOCUMENT: candidate.model_dump_json()}


def _goals(objectives: dict[str, Metric]) -> list[StudyDirection]:
    return [StudyDirection[metric.score.goal.upper()] for metric in objectives.values()]
