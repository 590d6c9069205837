"""A run on disk, for reading: its settings, its problem and its ledger, without the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any

from valp.errors import SettingError
from valp.files import read_model
from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.folder import Folder, existing
from valp.search.run.gradient_remarks import gradient_remarks
from valp.search.run.ledger import Ledger
from valp.search.run.ledger_entry import Entry
from valp.search.run.ledger_place import place_of
from valp.search.run.postgres.address import Address
from valp.search.run.sampler_remarks import sampler_remarks
from valp.search.run.settings import Settings, read_settings
from valp.spaces.problem.description import Description
from valp.spaces.problem.metrics import Metric


@dataclass(frozen=True)
class StoredRun:
    """A run on disk."""

    folder: Folder
    settings: Settings
    problem: Description
    ledger: Ledger

    @property
    def objectives(self) -> dict[str, Metric]:
        """The scores that the search optimises, by name."""
        return self.ledger.objectives

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """The scores of the problem by name, and the objectives that have a parameter."""
        return self.problem.metrics_with(self.settings.objectives)

    @property
    def baselines(self) -> BaselineScores:
        """The scores of the baselines."""
        outputs = [output.name for output in self.problem.outputs]
        return BaselineScores(self.metrics, self.objectives, outputs, self.ledger.baselines)

    @property
    def baseline_scores(self) -> dict[str, float]:
        """The best value that a baseline has of each score; see `BaselineScores.best`."""
        return {name: best.value for name, best in self.baselines.best.items()}

    @property
    def shown_scores(self) -> dict[str, Metric]:
        """The scores that tables show: the objectives, then the other listed scores that are measured."""
        wanted = self.problem.wanted(self.settings.objectives)
        others = [
            (name, metric)
            for name, metric in self.metrics.items()
            if name not in self.objectives and metric.score.listed and (not metric.score.on_demand or name in wanted)
        ]
        return {**self.objectives, **dict(others)}

    def front(self, by: str | None = None) -> list[Entry]:
        """The Pareto front.

        Args:
            by: the score to sort by, best first, candidates without the score last. By default the knee is first.

        Raises:
            SettingError: if the problem has no such score, or no candidate on the front has it.
        """
        front = self.ledger.front()
        if by is None:
            return front
        metric, values = self.metric(by), {}
        score = metric.score
        for entry in front:
            value = None if entry.result is None else entry.result.scores.get(metric.name)
            values[entry.number] = inf if value is None else score.loss(value)
        if front and min(values.values()) == inf:
            measured = f"; it is only measured in a search with --objective {by}" if score.on_demand else ""
            raise SettingError(f"no candidate on the front of run {self.folder.name!r} has the score {by}{measured}")
        return sorted(front, key=lambda entry: values[entry.number])

    def notes(self, front: Sequence[Entry]) -> list[str]:
        """Sentences about the data, and about the comparison of the front with the baselines."""
        most = max((entry.samples_seen_with_parents for entry in front), default=0)
        samples = self.baselines.samples_remark(most)
        return [*self.problem.remarks, *([samples] if samples is not None else [])]

    def remarks(self, entry: Entry) -> list[str]:
        """Sentences about a candidate whose scores are not what they seem."""
        if entry.result is None:
            return []
        scores = entry.result.scores
        return [*sampler_remarks(self.metrics, scores), *gradient_remarks(self.metrics, scores)]

    def metric(self, name: str) -> Metric:
        """A score of the problem.

        Raises:
            SettingError: if the problem has no such score.
        """
        return self.problem.metric(name, f"a score of {self.problem.name}")

    def summary(self) -> dict[str, Any]:
        """The row of `valp list`."""
        entries = self.ledger.entries()
        states = [entry.state for entry in entries]
        front = self.ledger.front(entries)
        best = {}
        for name, metric in self.objectives.items():
            results = [entry.result for entry in front if entry.result is not None]
            values = [result.scores[name] for result in results if name in result.scores]
            if values:
                best[name] = min(values, key=metric.score.loss)
        return {
            "name": self.folder.name,
            "problem": self.settings.problem,
            "strategy": self.settings.strategy,
            "complete": states.count("complete"),
            "pruned": states.count("pruned"),
            "failed": states.count("failed"),
            "unfinished": states.count("running"),
            "front": len(front),
            "best": best,
        }


def open_run(runs: Path, name: str, *, read_only: bool = False, address: Address | None = None) -> StoredRun:
    """Opens a run by its name.

    Args:
        runs: the folder of the runs.
        name: the name of the run.
        read_only: whether no file of the run may be written; see `valp.search.run.open_study.open_study`.
        address: the address of its database in PostgreSQL with the password; None if the environment has it.

    Raises:
        FileError: if the run does not exist or is damaged.
        SettingError: if an objective of the run is a score that is not installed.
    """
    folder = existing(runs, name)
    settings = read_settings(folder.settings)
    problem = read_model(Description, folder.problem)
    metrics: dict[str, Metric] = {}
    for name in settings.objectives:
        try:
            metrics[name] = problem.metric(name)
        except SettingError as error:
            raise SettingError(
                f"run {folder.name!r} optimises {name!r}, which is not a score of this installation: "
                "a package that adds it may be missing"
            ) from error
    place = place_of(folder, settings, address)
    return StoredRun(folder, settings, problem, Ledger.open(place, metrics, read_only=read_only))


def run_names(runs: Path) -> list[str]:
    """The names of the runs in a folder, sorted. Some may be damaged."""
    return sorted(path.parent.name for path in runs.glob("*/run.toml"))
