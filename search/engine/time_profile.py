"""Measures where the workers' time went."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

STARTING = "starting"
"""The part from the request for workers to a worker's first model: Ray's actor, libraries, native executor, data."""

TITLES = {
    STARTING: "starting up",
    "compiling": "compiling graphs",
    "draws": "drawing examples and noise",
    "steps": "training steps",
    "scoring": "scoring",
    "packing": "packing results",
}


@dataclass
class TimeProfile:
    """The seconds of all workers by part, and the number of models trained, including single-task models."""

    parts: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    models: int = 0

    def take(self, parts: Mapping[str, float], *, ended: bool = True) -> None:
        """Adds the seconds that a worker reports for a model; `ended` says whether the model is finished."""
        self.models += ended
        for part, seconds in parts.items():
            self.parts[part] += seconds

    def lines(self, workers: int, wall: float) -> list[str]:
        """A line for each part: its total seconds, its mean per model, and its share of workers × wall time."""
        total, rows = workers * wall, dict(self.parts)
        rows["waiting"] = max(0.0, total - sum(rows.values()))
        titles = TITLES | {"waiting": "waiting: Ray's start and end, proposals, files"}
        listed = [*(part for part in titles if part in rows)]
        width = max(len(titles[part]) for part in listed)
        lines = [f"{'':{width}}  {'seconds':>8}  {'a model':>8}  {'share':>5}"]
        for part in listed:
            each = rows[part] / max(self.models, 1)
            share = rows[part] / total if total else 0.0
            lines.append(f"{titles[part]:{width}}  {rows[part]:8.1f}  {each:8.3f}  {share:5.0%}")
        return lines
