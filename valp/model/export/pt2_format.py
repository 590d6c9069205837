"""pt2: a program of `torch.export`, which torch runs without this package."""

from io import BytesIO
from pathlib import Path

import torch

from valp.files import write_bytes
from valp.model.export.compare import Answering
from valp.model.export.deployed import Deployed
from valp.model.export.signature import documents
from valp.model.export.tracing import exporting, quiet, traced
from valp.model.model import Model
from valp.model.output_columns import Arrays


def write(model: Model, path: Path) -> None:
    """Writes the program, with the documents as its extra files.

    Raises:
        SettingError: if torch cannot export the model.
        FileError: if the file cannot be written.
    """
    content = BytesIO()
    with exporting(model, "pt2"):
        torch.export.save(traced(Deployed(model)), content, extra_files=documents(model))
    write_bytes(path, content.getvalue())


def read(path: Path) -> Answering:
    """A function that runs the model of a file."""
    with quiet():
        program = torch.export.load(path).module()

    @torch.inference_mode()
    def run(values: Arrays) -> Arrays:
        found = program({name: torch.from_numpy(array) for name, array in values.items()})
        return {name: tensor.numpy() for name, tensor in found.items()}

    return run
