"""The bundle as an export format."""

from pathlib import Path

from valp.model.bundle import load, save
from valp.model.export.compare import Answering, run_of
from valp.model.model import Model


def write(model: Model, path: Path) -> None:
    """Writes a bundle.

    Raises:
        FileError: if it cannot be written.
    """
    save(model, path)


def read(path: Path) -> Answering:
    """A function that runs the model of a file."""
    return run_of(load(path))
