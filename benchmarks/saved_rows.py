"""The finished trainings of a benchmark, in a JSON file, so that it resumes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.worker_pool import Keyed
from valp.files import write_text

Row = dict[str, Any]
"""A finished training. `fingerprint` is that of its problem's data."""


@dataclass
class SavedRows:
    """The finished trainings, in a JSON file.

    Attributes:
        file: the file.
        fingerprints: the fingerprints of the problems. Trainings on other data are not used, but stay in the file.
        rows: the finished trainings by their key.
    """

    file: Path
    fingerprints: Mapping[str, str]
    rows: dict[str, Row] = field(default_factory=dict)
    _others: dict[str, Row] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.file.is_file():
            kept: dict[str, Row] = json.loads(self.file.read_text())
            known = self.fingerprints.values()
            for key, row in kept.items():
                (self.rows if row["fingerprint"] in known else self._others)[key] = row

    def add(self, job: Keyed, row: Row) -> None:
        """Adds a training and writes the file, a line for each training."""
        self.rows[job.key] = row
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"{json.dumps(key)}: {json.dumps(one)}" for key, one in (self._others | self.rows).items())
        write_text(self.file, "{\n" + ",\n".join(lines) + "\n}\n")
