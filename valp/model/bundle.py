"""Reads and writes bundles; `valp.model.write_bundle` describes the format."""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors

from valp.check.check import GraphError
from valp.compile.compile import lower
from valp.compile.module import VALPModule
from valp.errors import FileError
from valp.files import parse_model, read_bytes
from valp.model.manifest import Manifest
from valp.model.model import Model
from valp.model.require_fitting_parts import require_fitting_columns, require_fitting_weights
from valp.model.write_bundle import CARD, MANIFEST, WEIGHTS

__all__ = ["CARD", "MANIFEST", "WEIGHTS", "Manifest", "Model", "load", "save"]


def save(model: Model, path: str | Path) -> None:
    """Writes a bundle, whole or not at all; the same as `model.save(path)`.

    Args:
        model: a trained VALP.
        path: where the file is written; its usual suffix is `.valp`.

    Raises:
        FileError: if it cannot be written.
    """
    model.save(path)


def load(path: str | Path) -> Model:
    """Reads a bundle: the model that `Model.save`, `valp export` or `valp train` wrote.

    Args:
        path: the file.

    Returns:
        The model, ready to predict.

    Raises:
        FileError: if the file cannot be read, is truncated or damaged, or is not a bundle.
    """
    where = Path(path)
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(where))) as bundle:
            document, weights = (_part(bundle, name) for name in (MANIFEST, WEIGHTS))
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, ValueError, RuntimeError) as error:
        # all that zipfile raises: a damaged header may look like an unknown version, method or password
        raise FileError(f"{where} is not a complete VALP bundle: {error}") from error
    manifest = parse_model(Manifest, document, f"{where}: {MANIFEST}")
    if hashlib.sha256(weights).hexdigest() != manifest.checksum:
        raise FileError(f"{where} is damaged: its weights do not match their checksum")
    try:
        require_fitting_columns(manifest)
        tensors, plan = load_tensors(weights), lower(manifest.graph)
        require_fitting_weights(plan, tensors)
        module = VALPModule(plan, seed=0)
        module.load_state_dict(tensors)
    except (FileError, GraphError, SafetensorError, RuntimeError) as error:
        raise FileError(f"{where} is damaged: {str(error).splitlines()[0]}") from error
    return Model(module, manifest)


def _part(bundle: zipfile.ZipFile, name: str) -> bytes:
    """The content of a part, which is stored as it is. A compressed one could be any number of times larger.

    Raises:
        ValueError: if it is compressed.
    """
    if bundle.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} must not be compressed")
    return bundle.read(name)
