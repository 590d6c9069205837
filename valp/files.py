"""Files: written whole or not at all, and read with an error a user understands."""

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
    """A temporary path in the same folder, which takes the place of `path` when the block ends well.

    If a folder around it keeps a journal, the journal names it for that time: see `valp.journal`.

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
                with suppress(OSError):  # gone already, or the place itself cannot be reached
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
    """A JSON document.

    Raises:
        FileError: if it cannot be read or is not such a document; the first fault is named.
    """
    return parse_model(model, read_bytes(path), str(path))


def parse_model(model: type[Model], content: bytes, where: str) -> Model:
    """A JSON document from its bytes.

    Raises:
        FileError: if it is not such a document; the first fault is named.
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
