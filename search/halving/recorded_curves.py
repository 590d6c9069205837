"""Learning curves that were recorded once, so that searches can be simulated without training."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from valp.errors import DataError, FileError
from valp.files import read_bytes, write_text

DIGITS = 5
"""The significant digits of a number in a file."""


@dataclass(frozen=True)
class RecordedCurves:
    """The metrics of candidates that were trained to the end and scored at fixed times.

    Attributes:
        source: what was trained, in words.
        metrics: the names of the metrics.
        modes: `min` or `max` for each metric.
        times: when candidates were scored, ascending, in any unit of training.
        without_learning: the value of each metric without learning; NaN if it is not known.
        values: (candidates, times, metrics); NaN for a candidate that has failed.
        seconds: (candidates, times), the seconds from a candidate's start to the end of its scoring.
    """

    source: str
    metrics: tuple[str, ...]
    modes: tuple[str, ...]
    times: tuple[float, ...]
    without_learning: tuple[float, ...]
    values: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = (len(self.values), len(self.times), len(self.metrics))
        if self.values.shape != shape:
            raise DataError(
                f"values must have the shape {shape} of candidates, times and metrics, not {self.values.shape}"
            )
        if self.seconds.shape != shape[:2]:
            raise DataError(
                f"seconds must have the shape {shape[:2]} of candidates and times, not {self.seconds.shape}"
            )
        if any(later <= earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise DataError(f"times must ascend, but are {self.times}")

    def __len__(self) -> int:
        return len(self.values)

    def save(self, path: Path) -> None:
        """Writes a JSON file with one line for each candidate.

        Raises:
            FileError: if it cannot be written.
        """
        head = {
            "source": self.source,
            "metrics": self.metrics,
            "modes": self.modes,
            "times": self.times,
            "without_learning": _rounded(np.array(self.without_learning)),
        }
        rows = zip(self.values, self.seconds, strict=True)
        lines = [json.dumps({"values": _rounded(values), "seconds": _rounded(seconds)}) for values, seconds in rows]
        write_text(path, "\n".join([json.dumps(head), *lines]) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a file that `save` has written.

        Raises:
            FileError: if it cannot be read, or is damaged.
        """
        try:
            head, *rows = (json.loads(line) for line in read_bytes(path).decode().splitlines())
            return cls(
                source=head["source"],
                metrics=tuple(head["metrics"]),
                modes=tuple(head["modes"]),
                times=tuple(head["times"]),
                without_learning=tuple(np.array(head["without_learning"], dtype=float).tolist()),
                values=np.array([row["values"] for row in rows], dtype=float),
                seconds=np.array([row["seconds"] for row in rows], dtype=float),
            )
        except (ValueError, KeyError, TypeError, DataError) as error:
            raise FileError(f"{path} has no recorded curves that can be read: {error}") from error


def _rounded(values: NDArray[np.float64]) -> list[object]:
    """Numbers with `DIGITS` significant digits as nested lists; NaN is null."""
    if values.ndim > 1:
        return [_rounded(row) for row in values]
    return [None if np.isnan(value) else float(f"{value:.{DIGITS}g}") for value in values]
