"""What a training has made. It travels from the process that trains to the driver, which writes it to disk."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from valp.search.run.folder import CANDIDATE, CURVES, SCORES, WEIGHTS, filling
from valp.search.run.result import Result
from valp.spaces.candidate import Candidate


@dataclass(frozen=True)
class Outcome:
    """What a training has made so far.

    Attributes:
        result: the scores, or the failure.
        curves: the content of the file with the learning curves; None if the training has not begun.
        weights: the content of the file with the weights; None if the candidate failed.
    """

    result: Result
    curves: bytes | None = None
    weights: bytes | None = None


def write_outcome(path: Path, candidate: Candidate, outcome: Outcome) -> None:
    """Writes the folder of a candidate, whole or not at all. It replaces an older folder.

    Raises:
        FileError: if it cannot be written.
    """
    with filling(path) as folder:
        _write(folder / CANDIDATE, candidate.model_dump_json(indent=1).encode())
        if outcome.curves is not None:
            _write(folder / CURVES, outcome.curves)
        if outcome.weights is not None:
            _write(folder / WEIGHTS, outcome.weights)
        _write(folder / SCORES, json.dumps(asdict(outcome.result), indent=1).encode())


def _write(file: Path, content: bytes) -> None:
    """Writes a new file, and waits until it is on the disk."""
    with file.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
