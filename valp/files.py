"""Writes files whole or not at all, and reads them with errors that a user understands."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from valp.errors import FileError
from valp.journal import being_written

Model = TypeVar("Model", bound=BaseModel)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder, which replaces `path` if the block ends without an error.

    If a folder above keeps a journal, the journal names the temporary path in the meantime; see `valp.journal`.

    Raises:
        FileError: if it cannot be written.
    """
    try:
        with being_written(path.parent, path.stem, path.suffix) as temporary:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                yield temporary
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())
                temporary.replace(path)
            finally:
                with suppress(OSError):  # already gone, or the folder cannot be reached
                    temporary.unlink()
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}") from error


def write_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all. Raises FileError if that fails."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file, whole or not at all. Raises FileError if that fails."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def read_bytes(path: Path) -> bytes:
    """A file's content.

    Raises:
        FileError: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error


def read_model(model: type[Model], path: Path) -> Model:
    """Reads a JSON document.

    Raises:
        FileError: if it cannot be read or is not such a document; the message names the first fault.
    """
    return parse_model(model, read_bytes(path), str(path))


def parse_model(model: type[Model], content: bytes, where: str) -> Model:
    """Parses a JSON document.

    Raises:
        FileError: if it is not such a document; the message names the first fault.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise FileError(f"{where} is not a valid {model.__name__.lower()}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    faults = error.errors()
    place = ".".join(map(str, faults[0]["loc"]))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{faults[0]['msg']}{f' at {place}' if place else ''}{more}"
