"""A run's folder: run.toml, study.db, and a folder for each candidate and baseline."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from valp.errors import FileError
from valp.files import read_bytes, read_model
from valp.graph.graph import DataType
from valp.journal import JOURNAL, being_written
from valp.model.preprocessing import Preprocessing
from valp.search.run.result import Result
from valp.search.run.weights_checksum import has_wrong_checksum, with_checksum
from valp.spaces.baselines.baseline_codes import NETWORK
from valp.spaces.candidate import Candidate
from valp.spaces.problem.description import Description

if TYPE_CHECKING:  # torch is slow to import, and runs are listed without it
    from torch import Tensor

    from valp.train.fit import Curves

CANDIDATE, SCORES, CURVES, WEIGHTS = "candidate.json", "scores.json", "curves.csv", "weights.safetensors"
RECORD = "trial.json"
"""What the folder of a candidate has of its trial, once it has ended: see `valp.search.run.trial_record`."""
GRAPH, SAMPLES, TRACE = "graph.svg", "samples.png", "trace.npz"


@dataclass(frozen=True)
class Folder:
    """The paths in a run's folder."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.path / "run.toml"

    @property
    def study(self) -> Path:
        """The ledger's file."""
        return self.path / "study.db"

    @property
    def problem(self) -> Path:
        """The file with the problem's description."""
        return self.path / "problem.json"

    @property
    def journal(self) -> Path:
        """The folder with the records of unfinished writes."""
        return self.path / JOURNAL

    def candidate(self, number: int) -> Path:
        """The folder of a candidate."""
        return self.path / "candidates" / str(number)

    def has_weights(self, number: int) -> bool:
        """Whether a candidate's weights are kept."""
        return (self.candidate(number) / WEIGHTS).is_file()

    def baseline(self, output: str, code: str) -> Path:
        """The folder of a single-task network. That of the usual one is named as in version 0.1.0."""
        return self.path / "baselines" / (output if code == NETWORK else f"{output}.{code}")

    def exists(self) -> bool:
        """Whether the run exists."""
        return self.settings.is_file()


def columns_of(folder: Folder) -> Preprocessing | None:
    """The columns of a run's problem, if the run exists. `load_problem` needs them for runs of earlier versions."""
    return read_model(Description, folder.problem).columns if folder.problem.is_file() else None


def existing(runs: Path, name: str) -> Folder:
    """The folder of a run.

    Raises:
        FileError: if the run does not exist.
    """
    folder = Folder(runs / name)
    if not folder.exists():
        known = sorted(path.parent.name for path in runs.glob("*/run.toml"))
        raise FileError(f"there is no run {name!r} in {runs}; its runs are: {', '.join(known) or 'none'}")
    return folder


def keep_journal(folder: Folder) -> None:
    """Makes the run's journal. Every later write is recorded in it, so `valp clean` finds what an interruption left.

    Raises:
        FileError: if the journal cannot be created.
    """
    try:
        folder.journal.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder.journal} cannot be created: {error.strerror or error}") from error


@contextmanager
def filling(path: Path) -> Iterator[Path]:
    """Yields a temporary folder, and renames it to `path` if the block succeeds. `path` is never half written.

    Until the rename, the run's journal names the temporary folder: see `valp.journal`.

    Raises:
        FileError: if the folder cannot be written.
    """
    try:
        with being_written(path.parent, path.name) as temporary:
            try:
                temporary.mkdir(parents=True)
                yield temporary
                if path.exists():
                    shutil.rmtree(path)
                temporary.rename(path)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}") from error


def weights_file(state: "dict[str, Tensor]") -> bytes:
    """The content of the file with a module's weights and their checksum."""
    from safetensors.torch import save

    return with_checksum(save({name: tensor.contiguous() for name, tensor in state.items()}))


def curves_file(curves: "Curves") -> bytes:
    """The content of the file with the learning curves: a column for the step and one for each loss."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("step", *curves.names))
    writer.writerows((step, *values) for step, values in zip(curves.steps, curves.values, strict=True))
    return text.getvalue().encode()


def read_result(path: Path) -> Result | None:
    """A candidate's result; None if its folder does not exist or the result cannot be read."""
    try:
        return Result.of(json.loads((path / SCORES).read_text()))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def final_result(path: Path) -> Result | None:
    """The final result that a candidate's folder has; None if it has none.

    The result of a candidate that was stopped at a rung is final if its trial has ended too: if its record is there.
    """
    result = read_result(path)
    final = result is not None and (result.complete or result.failure or (path / RECORD).is_file())
    return result if final else None


def finished_result(path: Path, candidate: Candidate) -> Result | None:
    """The final result of a candidate from its folder; None if the folder holds none, or that of another candidate."""
    result = final_result(path)
    if result is None:
        return None
    try:
        held = read_model(Candidate, path / CANDIDATE)
    except FileError:
        return None
    return result if held.model_dump_json() == candidate.model_dump_json() else None


def read_curves_file(path: Path) -> dict[str, list[float]]:
    """The columns of a file with learning curves, `step` first.

    Raises:
        OSError, ValueError: if there is no such file, or it is damaged.
    """
    with path.open(newline="") as file:
        names, *rows = csv.reader(file)
    columns = zip(*rows, strict=True)
    return {name: [float(value) for value in column] for name, column in zip(names, columns, strict=True)}


def read_weights(path: Path) -> "dict[str, Tensor]":
    """A candidate's weights.

    Raises:
        FileError: if the weights are not kept, or the file is damaged or has changed.
    """
    return parse_weights(read_weights_file(path), path / WEIGHTS)


def read_weights_file(path: Path) -> bytes:
    """The content of the file with a candidate's weights.

    Raises:
        FileError: if the weights are not kept, or the file cannot be read.
    """
    file = path / WEIGHTS
    if not file.is_file():
        raise FileError(
            f"candidate {path.name} has no weights: a run keeps the weights of its front, or of all with --keep all"
        )
    return read_bytes(file)


def parse_weights(content: bytes, file: Path) -> "dict[str, Tensor]":
    """The weights in the content of a file.

    Raises:
        FileError: if the content is damaged or has changed; the message names the file.
    """
    from safetensors.torch import load

    try:
        wrong, state = has_wrong_checksum(content), load(content)
    except Exception as error:  # safetensors raises an error type of its own that it does not export
        raise FileError(f"{file} is damaged: {error}") from error
    if wrong:
        raise FileError(f"{file} is damaged: its checksum is not that of its content")
    return state


def drop_weights(path: Path) -> None:
    """Deletes a candidate's weights, if there are any."""
    (path / WEIGHTS).unlink(missing_ok=True)


def samples_names(problem: Description) -> dict[str, str]:
    """The file name of the sample picture of each Samples output."""
    names = [column.name for column in problem.columns.outputs if column.type is DataType.SAMPLES]
    return {name: SAMPLES if len(names) == 1 else f"samples-{name}.png" for name in names}
