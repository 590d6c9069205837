"""`export`: writes a model as a file, and keeps the file only if it gives the same results as the model."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from valp.errors import FileError, SettingError
from valp.model.export import (
    FormatName,
    format_of,
)
from valp.model.export import (
    bundle_format as bundle,
)
from valp.model.export import (
    onnx_format as onnx,
)
from valp.model.export import (
    pt2_format as pt2,
)
from valp.model.export.compare import TOLERANCE, allowed, largest_difference
from valp.model.export.signature import Signature, signature_of
from valp.model.export.tracing import cause
from valp.model.model import Model

MODULES: dict[FormatName, ModuleType] = {"bundle": bundle, "onnx": onnx, "pt2": pt2}
"""Each has `write` and `read`."""


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: the file.
        format: its format.
        size: its size in bytes.
        difference: the largest difference between the file, read again, and the model; see
            `compare.largest_difference`.
        signature: the inputs and outputs of an ONNX or pt2 file.
    """

    path: Path
    format: FormatName
    size: int
    difference: float
    signature: Signature


def export(model: Model, path: str | Path, form: FormatName | None = None) -> Exported:
    """Writes a model as a file, reads it again, and compares it with the model.

    An existing file is replaced only on success.

    Args:
        model: the model to write.
        path: the file.
        form: the format; by default it follows from the suffix, see `format_of`.

    Raises:
        SettingError: if there is no such format, or the model cannot be written in it.
        FileError: if the file cannot be written or does not run, or differs from the model by more than
            `compare.allowed`.
    """
    target = Path(path)
    form = form or format_of(target)
    if form not in MODULES:
        raise SettingError(f"a format must be one of {', '.join(MODULES)}, but is {form!r}")
    with _checked(target) as written:
        MODULES[form].write(model, written)
        try:
            difference = largest_difference(model, MODULES[form].read(written))
            limit = TOLERANCE if difference <= TOLERANCE else allowed(model)
        except Exception as error:  # whatever a runtime raises
            raise FileError(f"{target} is not kept, because it cannot be read and run again: {cause(error)}") from error
        if difference > limit:
            much = f"{difference:.1e}, which is more than {limit:.0e}"
            raise FileError(f"{target} is not kept, because it differs from the model by {much}")
    return Exported(target, form, target.stat().st_size, difference, signature_of(model))


@contextmanager
def _checked(path: Path) -> Iterator[Path]:
    """A path of the same name in a temporary folder next to it. Its file replaces `path` if the block succeeds."""
    folder = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True)
        yield folder / path.name
        (folder / path.name).replace(path)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
