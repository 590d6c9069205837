"""A run as those who look at it see it: its settings, its problem and its ledger, without the data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valp.errors import SettingError
from valp.files import read_model
from valp.search.run.folder import Folder, existing
from valp.search.run.ledger import Entry, Ledger
from valp.search.run.settings import Settings, read_settings
from valp.spaces.problem.description import Description
from valp.spaces.problem.metrics import PRODUCT, Metric


@dataclass(frozen=True)
class StoredRun:
    """A run on disk."""

    folder: Folder
    settings: Settings
    problem: Description
    ledger: Ledger

    @property
    def objectives(self) -> dict[str, Metric]:
        """What was optimised."""
        return self.ledger.objectives

    @property
    def baseline_scores(self) -> dict[str, float]:
        """The scores of the single-task models, each of its own output."""
        return {name: value for result in self.ledger.baselines.values() for name, value in result.scores.items()}

    @property
    def shown_scores(self) -> dict[str, tuple[str, Metric]]:
        """The scores that tables have, as `Description.metrics`: the objectives, then all others but the product."""
        metrics = self.problem.metrics
        others = [name for name, (_, metric) in metrics.items() if metric.code != PRODUCT]
        return {name: metrics[name] for name in (*self.objectives, *others)}

    def front(self, by: str | None = None) -> list[Entry]:
        """The front, the knee first, or the best by a score first.

        Raises:
            SettingError: if the problem has no such score.
        """
        front = self.ledger.front()
        if by is None:
            return front
        metric = self.metric(by)
        best_first = -1 if metric.direction == "maximize" else 1
        return sorted(front, key=lambda entry: best_first * entry.result.scores[by] if entry.result else 0.0)

    def metric(self, name: str) -> Metric:
        """A score of the problem.

        Raises:
            SettingError: if there is none of this name.
        """
        if name not in self.problem.metrics:
            raise SettingError(f"the scores of {self.problem.name} are {', '.join(self.problem.metrics)}, not {name!r}")
        return self.problem.metrics[name][1]

    def summary(self) -> dict[str, Any]:
        """What `valp list` shows of it."""
        entries = self.ledger.entries()
        states = [entry.state for entry in entries]
        front = self.ledger.front(entries)
        best = {}
        for name, metric in self.objectives.items():
            values = [entry.result.scores[name] for entry in front if entry.result is not None]
            if values:
                best[name] = max(values) if metric.direction == "maximize" else min(values)
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


def open_run(runs: Path, name: str) -> StoredRun:
    """A run by its name.

    Raises:
        FileError: if there is none, or it is damaged.
    """
    folder = existing(runs, name)
    settings = read_settings(folder.settings)
    problem = read_model(Description, folder.problem)
    metrics = {name: problem.metrics[name][1] for name in settings.objectives}
    return StoredRun(folder, settings, problem, Ledger.open(folder.study, metrics))


def all_runs(runs: Path) -> list[StoredRun]:
    """Every run in a folder, by name."""
    return [open_run(runs, path.parent.name) for path in sorted(runs.glob("*/run.toml"))]
