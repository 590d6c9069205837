"""The ledger: the run's Optuna study on disk, and the only state of a search.

A candidate's files are written before its result is recorded here. The trial has all that a strategy needs to know of a
candidate, so strategies read only the ledger. Only the driver of a run writes to it.

An objective that was not measured is absent from a candidate's scores. The ranking and Optuna then use the value
without learning, which is never shown as a score. If that value is not known, or the graph lacks the output of the
objective, the candidate is recorded as failed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from valp.check.keys import structure_key
from valp.errors import FileError
from valp.search.pareto.front import by_knee, chances, losses, non_dominated, ranked
from valp.search.run.result import Result
from valp.spaces.baselines.baseline_codes import NETWORK
from valp.spaces.candidate import Candidate
from valp.spaces.problem.metrics import Metric

STUDY = "valp"
BASELINES = "baselines"
State = Literal["complete", "pruned", "failed", "running"]
STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True)
class Entry:
    """A candidate in the ledger.

    Attributes:
        number, state: of its trial.
        ended: when it ended; None while it runs.
        result: None while it runs.
        parents: the candidates whose weights it inherits.
    """

    number: int
    state: State
    ended: datetime | None
    result: Result | None
    parents: tuple[int, ...]
    _document: str

    @cached_property
    def candidate(self) -> Candidate:
        """The candidate, parsed from its document."""
        return Candidate.model_validate_json(self._document)

    @cached_property
    def structure(self) -> str:
        """The structure key of its graph, which ignores β."""
        return structure_key(self.candidate.graph)

    @property
    def samples_seen_with_parents(self) -> int:
        """The samples that it and all its ancestors have seen. Each ancestor counts once."""
        return self.candidate.lineage_samples + (self.result.samples_seen if self.result is not None else 0)

    def listing(self) -> dict[str, Any]:
        """The candidate as a JSON object, as in `valp best --json`.

        A score that was not measured, and a standard error that is not known, have no key.
        """
        result = self.result
        row: dict[str, Any] = {"number": self.number, "state": self.state}
        if result is not None:
            row |= {"scores": result.scores, "errors": result.errors, "parameters": result.parameters}
            row |= {"key": result.key, "samples_seen": result.samples_seen}
            row |= {"samples_seen_with_parents": self.samples_seen_with_parents}
            row |= {"seconds": round(sum(result.seconds), 3)}
            row |= {"failure": result.failure} if result.failure else {}
        row |= {"parents": self.parents} if self.parents else {}
        return row


class Ledger:
    """A run's Optuna study. `create` and `open` make one."""

    def __init__(self, study: optuna.Study, objectives: dict[str, Metric]) -> None:
        self.study = study
        self.objectives = objectives
        self._ended: dict[int, Entry] = {}

    @classmethod
    def create(cls, path: Path, objectives: dict[str, Metric]) -> "Ledger":
        """Opens the ledger at `path`, and creates it if it does not exist."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            study = optuna.create_study(
                storage=_storage(path),
                study_name=STUDY,
                directions=[metric.score.goal for metric in objectives.values()],
                load_if_exists=True,
            )
        except SQLAlchemyError as error:
            raise FileError(f"{path} cannot be opened: {_cause(error)}") from error
        return cls(study, objectives)

    @classmethod
    def open(cls, path: Path, objectives: dict[str, Metric]) -> "Ledger":
        """Opens the ledger at `path`.

        Raises:
            FileError: if it does not exist or is damaged.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        if not path.is_file():
            raise FileError(f"there is no ledger at {path}")
        try:
            return cls(optuna.load_study(storage=_storage(path), study_name=STUDY), objectives)
        except (SQLAlchemyError, KeyError) as error:
            raise FileError(f"{path} cannot be opened: {_cause(error)}") from error

    def trials(self) -> list[FrozenTrial]:
        """All trials, in order. They must not be changed."""
        return self.study.get_trials(deepcopy=False)

    def entries(self) -> list[Entry]:
        """All candidates, in order. A trial whose proposal was interrupted has no candidate yet."""
        return [
            self._ended.get(number) or self._read(trial)
            for number, trial in enumerate(self.trials())
            if number in self._ended or "candidate" in trial.user_attrs
        ]

    def entry(self, number: int) -> Entry:
        """One candidate.

        Raises:
            FileError: if there is no candidate with this number.
        """
        if number in self._ended:
            return self._ended[number]
        trials = self.trials()
        if not 0 <= number < len(trials) or "candidate" not in trials[number].user_attrs:
            raise FileError(f"there is no candidate {number}; the run has {len(trials)}, numbered from 0")
        return self._read(trials[number])

    def _read(self, trial: FrozenTrial) -> Entry:
        """A trial as a candidate. Finished candidates are cached, because they do not change."""
        attributes, ended = trial.user_attrs, trial.state.is_finished()
        result = Result.of(attributes["result"]) if ended and "result" in attributes else None
        parents = tuple(attributes.get("parents", ()))
        state, end = STATES[trial.state], trial.datetime_complete
        entry = Entry(trial.number, state, end, result, parents, attributes["candidate"])
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
        return self.study.ask()

    def again(self, trial: FrozenTrial, sampler: BaseSampler) -> Trial:
        """A trial that an earlier session left running, to be run again under the same number."""
        self.study.sampler = sampler
        return Trial(self.study, trial._trial_id)

    def propose(self, trial: Trial, candidate: Candidate) -> None:
        """Records the candidate of a running trial, and which finished candidates its proposal has seen."""
        seen = [other.number for other in self.trials() if other.state.is_finished()]
        trial.set_user_attr("seen", ranges(seen))
        trial.set_user_attr("parent", candidate.parent)
        trial.set_user_attr("parents", candidate.parents)
        trial.set_user_attr("candidate", candidate.model_dump_json())

    def tell(self, number: int, result: Result) -> Result:
        """Records a candidate's final result and returns it. It becomes a failure if an objective cannot be ranked."""
        values = ranked(result.scores, self.objectives)
        lacking = None if result.failure is not None else self._lacking(number, result)
        if lacking is not None:
            result = replace(result, scores={}, errors={}, failure=f"the objective {lacking} has no value")
        # Written through the storage, because making a Trial object would call the sampler again.
        trial_id = self.trials()[number]._trial_id
        self.study._storage.set_trial_user_attr(trial_id, "result", json.loads(json.dumps(asdict(result))))
        if result.failure is not None or values is None:
            self.study.tell(number, state=TrialState.FAIL)
        elif not result.complete:
            self.study.tell(number, state=TrialState.PRUNED)
        else:
            metrics = self.objectives.values()
            self.study.tell(number, [m.score.figure(value) for m, value in zip(metrics, values, strict=True)])
        return result

    def _lacking(self, number: int, result: Result) -> str | None:
        """The first objective that was not measured and has no value to rank by; None if there is none."""
        absent = [metric for name, metric in self.objectives.items() if name not in result.scores]
        if not absent:
            return None
        outputs = {output.name for output in self.entry(number).candidate.graph.outputs}
        impossible = (m for m in absent if m.chance is None or (m.output is not None and m.output not in outputs))
        return next((metric.name for metric in impossible), None)

    def reach(self, number: int, rung: int, scores: dict[str, float]) -> list[dict[str, float]]:
        """Records a candidate's scores at a rung. Returns the scores of all comparable candidates there, its own last.

        Candidates with inherited weights are compared with each other, and so are those trained from scratch. Rung 1 is
        the last one before the end of training.
        """
        trials = self.trials()
        own = trials[number].user_attrs
        rungs, inherits = own.get("rungs", {}), bool(own["parents"])
        others = (trial.user_attrs for trial in trials if trial.number != number)
        scored = (other.get("rungs", {}) for other in others if bool(other.get("parents")) == inherits)
        there = [reached[str(rung)] for reached in scored if str(rung) in reached]
        self.study._storage.set_trial_user_attr(trials[number]._trial_id, "rungs", rungs | {str(rung): scores})
        return [*there, scores]

    @property
    def baselines(self) -> dict[str, dict[str, Result]]:
        """The results of the baselines by output and code.

        Runs of version 0.1.0 have one baseline of each output, the usual single-task network.
        """
        stored: dict[str, dict[str, Any]] = self.study.user_attrs.get(BASELINES, {})
        found = {output: {NETWORK: Result.of(held)} for output, held in stored.items()}
        for key, fields in self.study.user_attrs.items():
            if key.startswith(f"{BASELINES}/"):
                _, output, code = key.split("/")
                found.setdefault(output, {})[code] = Result.of(fields)
        return found

    def tell_baseline(self, output: str, code: str, result: Result) -> None:
        """Records a baseline."""
        self.study.set_user_attr(f"{BASELINES}/{output}/{code}", json.loads(json.dumps(asdict(result))))

    def front(self, entries: Iterable[Entry] | None = None) -> list[Entry]:
        """The Pareto front of the complete candidates, the knee first."""
        done = [entry for entry in (self.entries() if entries is None else entries) if entry.state == "complete"]
        metrics = list(self.objectives.values())
        points = losses([self.point(entry) for entry in done], metrics)
        kept = non_dominated(points)
        return [done[kept[i]] for i in by_knee(points[kept], chances(metrics))]

    def point(self, entry: Entry) -> Sequence[float]:
        """The values by which a candidate is ranked, one per objective, in order.

        Raises:
            ValueError: if it has no result that can be ranked.
        """
        values = None if entry.result is None else ranked(entry.result.scores, self.objectives)
        if values is None:
            raise ValueError(f"candidate {entry.number} has no result that can be ranked")
        return values


def by_end(entries: Iterable[Entry]) -> list[Entry]:
    """The finished candidates in the order in which they finished."""
    ended = [(entry.ended, entry.number, entry) for entry in entries if entry.ended is not None]
    return [entry for *_, entry in sorted(ended, key=lambda row: row[:2])]


def ranges(numbers: Sequence[int]) -> str:
    """Ascending integers as text with ranges, such as `0-4,7`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{a}-{b}" if b > a else f"{a}" for a, b in parts)


def from_ranges(text: str) -> list[int]:
    """The numbers in a text that `ranges` made."""
    bounds = [part.partition("-") for part in text.split(",") if part]
    return [number for low, _, high in bounds for number in range(int(low), int(high or low) + 1)]


def _storage(path: Path) -> RDBStorage:
    # A reader, such as `valp list`, waits for the driver's write instead of failing.
    return RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}})


def _cause(error: Exception) -> str:
    return str(error.__cause__ or error).splitlines()[0]
