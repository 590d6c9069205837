"""Files of traces: NumPy's .npz, with the arrays of a `Trace` and one text in JSON."""

import io
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np

from valp.errors import FileError, SettingError
from valp.files import read_bytes, write_bytes
from valp.graph.graph import Frozen, Graph
from valp.plan.byte_size import most_to_read, size_text
from valp.trace.trace import SHAPES, Trace, TracedGroup

SUFFIX = ".npz"
"""The suffix of a trace's file."""

ARRAYS = {"steps": "S", **SHAPES}
"""The arrays of a file and their shapes, in the letters of `Trace`."""


class TraceHeader(Frozen):
    """The text `header` of a file: what is not an array. The attributes are those of `Trace`."""

    schema_version: Literal[1] = 1
    graph: Graph
    losses: tuple[str, ...]
    balance: str
    groups: tuple[TracedGroup, ...]
    networks: tuple[str, ...]
    about: dict[str, str | int]


def require_suffix(path: Path) -> None:
    """Checks that a path can be a trace's file. Raises SettingError."""
    if path.suffix.lower() != SUFFIX:
        raise SettingError(f"the suffix of a trace must be {SUFFIX}, but the file is {path.name!r}")


def save_trace(trace: Trace, path: Path | str) -> Path:
    """Writes a trace, and returns the path.

    Args:
        trace: the trace.
        path: the file; its suffix must be `.npz`.

    Raises:
        SettingError: for another suffix.
        FileError: if it cannot be written.
    """
    path = Path(path)
    require_suffix(path)
    header = TraceHeader(
        graph=trace.graph,
        losses=trace.losses,
        balance=trace.balance,
        groups=trace.groups,
        networks=trace.networks,
        about=trace.about,
    )
    content = io.BytesIO()
    np.savez_compressed(
        content, header=np.array(header.model_dump_json()), **{name: getattr(trace, name) for name in ARRAYS}
    )
    write_bytes(path, content.getvalue())
    return path


def load_trace(path: Path | str) -> Trace:
    """Reads a trace.

    Raises:
        FileError: if the file cannot be read or does not contain a trace.
    """
    path = Path(path)
    content = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > most_to_read():
            raise ValueError(f"it has {size_text(size)} when it is decompressed, more than {size_text(most_to_read())}")
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            header = TraceHeader.model_validate_json(str(held["header"]))
            arrays = {name: held[name] for name in ARRAYS}
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("it has files that are not arrays")
    except Exception as error:  # zipfile, zlib and numpy raise various errors for a damaged file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise FileError(f"{path} is not a trace of a training: {reason}") from error
    sizes = {"S": arrays["steps"].size, "K": len(header.losses), "G": len(header.groups), "N": len(header.networks)}
    for name, letters in ARRAYS.items():
        wanted, array = tuple(sizes[letter] for letter in letters), arrays[name]
        if array.shape != wanted or array.dtype.kind not in "fi" or not array.shape[0]:
            raise FileError(
                f"{path} is not a trace of a training: {name} must be numbers of the shape {wanted}, with a step, "
                f"but has the shape {array.shape} of {array.dtype}"
            )
    if any(not 0 <= loss < sizes["K"] for group in header.groups for loss in group.losses):
        raise FileError(f"{path} is not a trace of a training: a group has a loss that is not one of {header.losses}")
    kept = {name: getattr(header, name) for name in TraceHeader.model_fields if name != "schema_version"}
    return Trace(**kept, **arrays)
